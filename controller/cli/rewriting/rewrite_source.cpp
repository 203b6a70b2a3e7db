#include "cli/rewriting/rewrite_source.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/limits.h"
#include "cli/terminal/input.h"

namespace cli {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;

// Opens a temporary file that disappears when it is closed. Returns -1 and sets errno on failure.
int temporary_file() {
  const char* const set = std::getenv("TMPDIR");
  const std::string folder = set != nullptr && *set != '\0' ? set : "/tmp";
  const int unnamed = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (unnamed >= 0) return unnamed;
  // Not every file system supports O_TMPFILE.
  std::string name = folder + "/kubectl-localregistry-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

// Writes all bytes. Returns 0, or the errno of the failure.
int write_all(int descriptor, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return 0;
}

}  // namespace

base::Result<std::unique_ptr<RewriteSource>> RewriteSource::open(const std::string& file) {
  if (file == "-") return from(STDIN_FILENO, shown_file(file));
  std::unique_ptr<RewriteSource> source(new RewriteSource);
  source->shown_ = file;
  source->descriptor_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (source->descriptor_ < 0) return source->failed("cannot read", errno);
  source->own_ = true;
  if (auto taken = source->take(source->descriptor_); !taken) return taken.error();
  return source;
}

base::Result<std::unique_ptr<RewriteSource>> RewriteSource::from(int descriptor,
                                                                 std::string shown) {
  std::unique_ptr<RewriteSource> source(new RewriteSource);
  source->shown_ = std::move(shown);
  if (auto taken = source->take(descriptor); !taken) return taken.error();
  return source;
}

RewriteSource::~RewriteSource() {
  if (own_) ::close(descriptor_);
}

base::Result<std::size_t> RewriteSource::read(std::uint64_t offset, char* buffer,
                                              std::size_t size) {
  if (offset >= size_) return std::size_t{0};
  size = std::min<std::uint64_t>(size, size_ - offset);
  if (descriptor_ < 0) {
    std::copy_n(memory_.data() + offset, size, buffer);
    return size;
  }
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(descriptor_, buffer + done, size - done,
                                static_cast<off_t>(begin_ + offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("cannot read", errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

base::Result<void> RewriteSource::take(int descriptor) {
  struct stat about = {};
  if (::fstat(descriptor, &about) != 0) return failed("cannot read", errno);
  if (S_ISDIR(about.st_mode)) return failed("cannot read", EISDIR);
  if (!S_ISREG(about.st_mode)) return keep(descriptor);
  // Standard input may be a file whose beginning another program has read; that part is skipped.
  const off_t at = ::lseek(descriptor, 0, SEEK_CUR);
  descriptor_ = descriptor;
  begin_ = at < 0 ? 0 : static_cast<std::uint64_t>(at);
  const auto size = static_cast<std::uint64_t>(about.st_size);
  size_ = size - std::min(size, begin_);
  return {};
}

base::Result<void> RewriteSource::keep(int descriptor) {
  const bool close = own_;  // this object opened the pipe
  own_ = false;
  descriptor_ = -1;
  std::string chunk(kReadBytes, '\0');
  base::Result<void> result;
  while (result) {
    const ssize_t got = ::read(descriptor, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) result = failed("cannot read", errno);
    if (got <= 0) break;
    memory_.append(chunk, 0, static_cast<std::size_t>(got));
    size_ += static_cast<std::uint64_t>(got);
    if (descriptor_ >= 0 || memory_.size() > limits::kRewriteMemoryBytes) result = move_to_file();
  }
  if (close) ::close(descriptor);
  return result;
}

// Moves the text in memory to the end of the temporary file.
base::Result<void> RewriteSource::move_to_file() {
  if (descriptor_ < 0) {
    descriptor_ = temporary_file();
    if (descriptor_ < 0) return failed("cannot write a temporary copy of", errno);
    own_ = true;
  }
  const int failure = write_all(descriptor_, memory_.data(), memory_.size());
  if (failure != 0) return failed("cannot write a temporary copy of", failure);
  memory_.clear();
  return {};
}

base::Error RewriteSource::failed(const char* what, int why) const {
  return {base::ErrorCode::kInvalid, fmt::format("{} {}: {}", what, shown_, std::strerror(why))};
}

}  // namespace cli
