#include "cli/terminal/temporary_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/text/quote.h"

namespace cli {
namespace {

constexpr int kOwnerOnly = 0600;

// Opens a file without a name. Returns its descriptor, or -1 with errno set. On file systems
// without O_TMPFILE the file has a name for a moment.
int open_in(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOwnerOnly);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return descriptor;
  std::string name = folder + "/kubectl-localregistry.XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

Outcome<TemporaryFile> TemporaryFile::make(const base::EnvironmentVariables& environment) {
  const std::string chosen = base::variable(environment, "TMPDIR");
  const std::string folder = chosen.empty() ? "/var/tmp" : chosen;
  const int descriptor = open_in(folder);
  if (descriptor >= 0) return TemporaryFile(descriptor);
  return Failure{
      ExitCode::kFailure,
      fmt::format("cannot create a temporary file in {}: {}; set TMPDIR to another folder",
                  base::shown_path(folder), std::strerror(errno))};
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

TemporaryFile& TemporaryFile::operator=(TemporaryFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

TemporaryFile::~TemporaryFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string TemporaryFile::path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

}  // namespace cli
