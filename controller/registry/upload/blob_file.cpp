#include "registry/upload/blob_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
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

std::shared_ptr<const BlobFile> BlobFile::in_memory(std::string name, std::string bytes) {
  const std::shared_ptr<BlobFile> file(new BlobFile(std::move(name), bytes.size()));
  file->bytes_ = std::move(bytes);
  return file;
}

base::Result<std::size_t> BlobFile::read(std::uint64_t offset, std::span<char> buffer) const {
  if (bytes_) {
    const auto begin = static_cast<std::size_t>(std::min(offset, size_));
    return bytes_->copy(buffer.data(), buffer.size(), begin);
  }
  if (!file_.is_open()) {
    // O_NONBLOCK: the path may have become a named pipe, whose open() would block.
    file_ = base::Descriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file_.is_open()) return unreadable(path_, errno);
    ::posix_fadvise(file_.number(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  std::size_t size = 0;
  const int failure = base::read_at(file_.number(), offset, buffer, size);
  if (failure != 0) return unreadable(path_, failure);
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
