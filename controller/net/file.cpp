#include "net/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/limits.h"
#include "base/text/quote.h"

namespace net {
base::Result<std::string> read_credential_file(const std::string& path) {
  const auto failed = [&](int why) {
    const auto code =
        why == ENOENT || why == ENOTDIR ? base::ErrorCode::kNotFound : base::ErrorCode::kInvalid;
    return base::Error{
        code, fmt::format("cannot read {}: {}", base::shown_path(path), std::strerror(why))};
  };
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return failed(errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return failed(errno);
  if (S_ISDIR(status.st_mode)) return failed(EISDIR);
  std::string content;
  const int failure = base::read_all(file.number(), limits::kCredentialBytes, content);
  if (failure != 0) return failed(failure);
  if (content.size() > limits::kCredentialBytes) {
    return base::Error{
        base::ErrorCode::kTooLarge,
        fmt::format("{} has more than {} bytes", base::shown_path(path), limits::kCredentialBytes)};
  }
  return content;
}

}  // namespace net
