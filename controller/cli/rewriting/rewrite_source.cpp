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

std::string temporary_folder() {
  const char* const set = std::getenv("TMPDIR");
  return set != nullptr && *set != '\0' ? set : "/tmp";
}

}  // namespace

base::Result<std::unique_ptr<RewriteSource>> RewriteSource::open(const std::string& file) {
  if (file == "-") return from(STDIN_FILENO, shown_file(file));
  std::unique_ptr<RewriteSource> source(new RewriteSource);
  source->shown_ = file;
  source->own_ = base::Descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source->own_.is_open()) return source->failed("cannot read", errno);
  if (auto taken = source->take(source->own_.number()); !taken) return taken.error();
  return source;
}

base::Result<std::unique_ptr<RewriteSource>> RewriteSource::from(int descriptor,
                                                                 std::string shown) {
  std::unique_ptr<RewriteSource> source(new RewriteSource);
  source->shown_ = std::move(shown);
  if (auto taken = source->take(descriptor); !taken) return taken.error();
  return source;
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
  const int failure = base::read_at(descriptor_, begin_ + offset, {buffer, size}, done);
  if (failure != 0) return failed("cannot read", failure);
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
  const base::Descriptor pipe = std::move(own_);  // closed at the end if this object opened it
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
  return result;
}

// Moves the text in memory to the end of the temporary file.
base::Result<void> RewriteSource::move_to_file() {
  if (descriptor_ < 0) {
    own_ = base::temporary_file(temporary_folder());
    if (!own_.is_open()) return failed("cannot write a temporary copy of", errno);
    descriptor_ = own_.number();
  }
  const int failure = base::write_all(descriptor_, memory_);
  if (failure != 0) return failed("cannot write a temporary copy of", failure);
  memory_.clear();
  return {};
}

base::Error RewriteSource::failed(const char* what, int why) const {
  return {base::ErrorCode::kInvalid, fmt::format("{} {}: {}", what, shown_, std::strerror(why))};
}

}  // namespace cli
