#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace base {
namespace {

constexpr int kOwnerOnly = 0600;
constexpr std::size_t kFirstBytes = 64 << 10;  // of the buffer of read_all()

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

Descriptor::~Descriptor() {
  if (is_open()) ::close(number_);
}

Descriptor temporary_file(const std::string& folder) {
  Descriptor unnamed(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOwnerOnly));
  if (unnamed.is_open() || (errno != EOPNOTSUPP && errno != EISDIR)) return unnamed;
  // On file systems without O_TMPFILE the file has a name for a moment.
  std::string name = folder + "/localregistry-XXXXXX";
  Descriptor named(::mkostemp(name.data(), O_CLOEXEC));
  if (named.is_open()) ::unlink(name.c_str());
  return named;
}

int read_at(int descriptor, std::uint64_t offset, std::span<char> buffer, std::size_t& bytes) {
  bytes = 0;
  while (bytes < buffer.size()) {
    const ssize_t got = ::pread(descriptor, buffer.data() + bytes, buffer.size() - bytes,
                                static_cast<off_t>(offset + bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    bytes += static_cast<std::size_t>(got);
  }
  return 0;
}

int read_all(int descriptor, std::size_t max, std::string& text) {
  int failure = 0;
  std::size_t size = text.size();
  while (size <= max) {
    if (size == text.size()) text.resize(std::max(kFirstBytes, text.size() * 2));
    const ssize_t got = ::read(descriptor, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failure = errno;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  text.shrink_to_fit();  // the caller may keep it
  return failure;
}

int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace base
