#include "net/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/limits.h"
#include "base/text/quote.h"

namespace net {
namespace {

// Owns a file descriptor and closes it.
class File {
 public:
  explicit File(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

base::Result<std::string> read_credential_file(const std::string& path) {
  const auto failed = [&](int why) {
    const auto code =
        why == ENOENT || why == ENOTDIR ? base::ErrorCode::kNotFound : base::ErrorCode::kInvalid;
    return base::Error{
        code, fmt::format("cannot read {}: {}", base::shown_path(path), std::strerror(why))};
  };
  const File file(path);
  if (file.descriptor() < 0) return failed(errno);
  struct stat status {};
  if (::fstat(file.descriptor(), &status) != 0) return failed(errno);
  if (S_ISDIR(status.st_mode)) return failed(EISDIR);
  std::string content(limits::kCredentialBytes + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::read(file.descriptor(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limits::kCredentialBytes) {
    return base::Error{
        base::ErrorCode::kTooLarge,
        fmt::format("{} has more than {} bytes", base::shown_path(path), limits::kCredentialBytes)};
  }
  return content.substr(0, size);
}

}  // namespace net
