// TemporaryFile is a file without a name; it disappears when this process ends, even after a crash.
// It has one owner.
#pragma once

#include <string>

#include "base/environment.h"
#include "cli/terminal/outcome.h"

namespace cli {

class TemporaryFile {
 public:
  // Creates the file in $TMPDIR, else in /var/tmp, which is on disk and not in memory. kFailure:
  // the file cannot be created.
  static Outcome<TemporaryFile> make(const base::EnvironmentVariables& environment);

  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&& other) noexcept;
  ~TemporaryFile();

  int descriptor() const { return descriptor_; }

  // Returns a path at which this process can open the file while the object lives.
  std::string path() const;

 private:
  explicit TemporaryFile(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace cli
