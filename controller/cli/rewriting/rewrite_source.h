// RewriteSource lets the same input be read twice. A regular file is read in place, up to the size
// that it has when it is opened. Input from a pipe is kept in memory, or in an unnamed temporary
// file if it exceeds limits::kRewriteMemoryBytes. The object closes the descriptors that it opens.
// It is used on one thread.
#pragma once

#include <memory>
#include <string>

#include "base/file.h"
#include "json/text/scalars.h"

namespace cli {

class RewriteSource final : public json::ByteSource {
 public:
  // Opens a file; "-" is standard input. Reads a pipe to its end. kInvalid: the input cannot be
  // read, or cannot be kept; the message names the file.
  static base::Result<std::unique_ptr<RewriteSource>> open(const std::string& file);

  // Reads from a descriptor that the caller owns and keeps open. `shown`: its name in messages.
  static base::Result<std::unique_ptr<RewriteSource>> from(int descriptor, std::string shown);

  base::Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size) override;

 private:
  RewriteSource() = default;

  base::Result<void> take(int descriptor);
  base::Result<void> keep(int descriptor);
  base::Result<void> move_to_file();
  base::Error failed(const char* what, int why) const;

  std::string shown_;
  std::string memory_;
  base::Descriptor own_;     // the file that this object opened
  int descriptor_ = -1;      // of the file; -1: the whole text is in memory_
  std::uint64_t begin_ = 0;  // offset of the text in the file, bytes
  std::uint64_t size_ = 0;
};

}  // namespace cli
