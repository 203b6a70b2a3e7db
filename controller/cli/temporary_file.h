// A file without a name, which is gone when this program is, however it ends. One owner.
#pragma once

#include <string>

#include "base/environment.h"
#include "cli/outcome.h"

namespace cli {

class TemporaryFile {
 public:
  // In $TMPDIR, else /var/tmp, which is on a disk. kFailure.
  static Outcome<TemporaryFile> make(const base::EnvironmentVariables& environment);

  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&& other) noexcept;
  ~TemporaryFile();

  int descriptor() const { return descriptor_; }

  // How this process opens it by a path while the object lives.
  std::string path() const;

 private:
  explicit TemporaryFile(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace cli
