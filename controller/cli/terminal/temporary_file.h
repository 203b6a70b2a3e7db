// TemporaryFile is a file without a name; it disappears when this process ends, even after a crash.
// It has one owner.
#pragma once

#include <string>
#include <utility>

#include "base/environment.h"
#include "base/file.h"
#include "cli/terminal/outcome.h"

namespace cli {

class TemporaryFile {
 public:
  // Creates the file in $TMPDIR, else in /var/tmp, which is on disk and not in memory. kFailure:
  // the file cannot be created.
  static Outcome<TemporaryFile> make(const base::EnvironmentVariables& environment);

  int descriptor() const { return file_.number(); }

  // Returns a path at which this process can open the file while the object lives.
  std::string path() const;

 private:
  explicit TemporaryFile(base::Descriptor file) : file_(std::move(file)) {}

  base::Descriptor file_;
};

}  // namespace cli
