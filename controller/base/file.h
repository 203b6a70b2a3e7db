// Files: the owner of a descriptor, and reads and writes that are repeated until they are complete.
// A failure is the errno of the system call, 0 for none, because each caller words its message
// itself. The functions block; any thread. Source: open(2), pread(2), write(2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace base {

// Owns a file descriptor and closes it. One owner.
class Descriptor {
 public:
  Descriptor() = default;
  // `number`: as open(2) returns it; a negative one means that nothing is open.
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

// Opens a file without a name in the folder. It disappears when it is closed. When nothing is open
// then, errno has the reason.
Descriptor temporary_file(const std::string& folder);

// Reads from `offset`, in bytes, until the buffer is full or the file ends; `bytes` becomes the
// number of bytes that were read.
int read_at(int descriptor, std::uint64_t offset, std::span<char> buffer, std::size_t& bytes);

// Appends what the descriptor has until its end to `text`, but stops once `text` has more than
// `max` bytes.
int read_all(int descriptor, std::size_t max, std::string& text);

// Writes all bytes.
int write_all(int descriptor, std::string_view bytes);

// Returns whether the path leads to a file of any kind that this process can find.
bool exists(const std::string& path);

}  // namespace base
