#include "registry/upload/blob_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace registry {
namespace {

base::Error unreadable(const std::string& path, int why) {
  const bool missing = why == ENOENT || why == ENOTDIR;
  return {missing ? base::ErrorCode::kNotFound : base::ErrorCode::kInvalid,
          fmt::format("cannot read {}: {}", path, std::strerror(why))};
}

}  // namespace

base::Result<std::shared_ptr<const BlobFile>> BlobFile::open(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return unreadable(path, errno);
  if (S_ISDIR(status.st_mode)) return unreadable(path, EISDIR);
  if (!S_ISREG(status.st_mode)) {
    return base::Error{base::ErrorCode::kInvalid, path + " is not a regular file"};
  }
  return std::shared_ptr<const BlobFile>(
      new BlobFile(path, static_cast<std::uint64_t>(status.st_size)));
}

BlobFile::~BlobFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

base::Result<std::size_t> BlobFile::read(std::uint64_t offset, std::span<char> buffer) const {
  if (descriptor_ < 0) {
    // O_NONBLOCK: the path may have become a named pipe, whose open() would block.
    descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor_ < 0) return unreadable(path_, errno);
    ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::pread(descriptor_, buffer.data() + size, buffer.size() - size,
                                static_cast<off_t>(offset + size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path_, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return size;
}

base::Result<std::string> read_whole(const FileRange& range, std::size_t max) {
  if (range.size > max) {
    return base::Error{base::ErrorCode::kTooLarge,
                       fmt::format("a part of {} has more than {} bytes", range.file->path(), max)};
  }
  std::string bytes(range.size, '\0');
  const auto got = range.file->read(range.offset, bytes);
  if (!got) return got.error();
  if (*got != bytes.size()) {
    return base::Error{base::ErrorCode::kInvalid,
                       range.file->path() +
                           " became shorter while it was read: push it again when no program "
                           "writes to it"};
  }
  return bytes;
}

}  // namespace registry
