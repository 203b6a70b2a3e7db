// What the user gives to be rewritten, so that it can be read twice: a regular file as it is, with
// the size that it has now; what comes through a pipe is kept, in memory up to
// limits::kRewriteMemoryBytes and beyond that in a file without a name. Owns its descriptor; one
// thread.
#pragma once

#include <memory>
#include <string>

#include "json/scalars.h"

namespace cli {

class RewriteSource final : public json::ByteSource {
 public:
  // "-" is standard input. Reads a pipe to its end. kInvalid: it cannot be read, or there is no
  // place to keep it; the message names the file.
  static base::Result<std::unique_ptr<RewriteSource>> open(const std::string& file);

  // From a descriptor that stays the caller's; shown is its name in messages.
  static base::Result<std::unique_ptr<RewriteSource>> from(int descriptor, std::string shown);

  ~RewriteSource() override;

  base::Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size) override;

 private:
  RewriteSource() = default;

  base::Result<void> take(int descriptor);
  base::Result<void> keep(int descriptor);
  base::Result<void> spill();
  base::Error failed(const char* what, int why) const;

  std::string shown_;
  std::string memory_;
  int descriptor_ = -1;      // of the file; -1: all of it is in memory
  bool own_ = false;         // the descriptor
  std::uint64_t begin_ = 0;  // of the text in the file
  std::uint64_t size_ = 0;
};

}  // namespace cli
