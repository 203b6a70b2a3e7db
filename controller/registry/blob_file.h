// Files that hold what is pushed, read by offset; a tar archive by the names in it. Bytes are
// never kept. One thread; reading blocks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace registry {

class BlobFile {
 public:
  // kNotFound, kInvalid (not a plain file); the message names the file. It is opened by the first
  // read and stays open: of many files that are known few are open.
  static base::Result<std::shared_ptr<const BlobFile>> open(const std::string& path);

  BlobFile(const BlobFile&) = delete;
  BlobFile& operator=(const BlobFile&) = delete;
  ~BlobFile();

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  // As many bytes as there are, up to the size of the buffer; 0 at the end. kInvalid.
  base::Result<std::size_t> read(std::uint64_t offset, std::span<char> buffer) const;

 private:
  BlobFile(std::string path, std::uint64_t size) : path_(std::move(path)), size_(size) {}

  std::string path_;
  std::uint64_t size_;
  mutable int descriptor_ = -1;
};

// Where the bytes of something are.
struct Place {
  std::shared_ptr<const BlobFile> file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// All of its bytes. kTooLarge: more than most; kInvalid.
base::Result<std::string> read_whole(const Place& place, std::size_t most);

// What is in a tar (POSIX ustar and pax, GNU), by name.
class Tar {
 public:
  // Reads the headers, and skips what is between them. kMalformed: it is no tar, or breaks off;
  // kTooLarge: over a bound.
  static base::Result<Tar> read(const std::shared_ptr<const BlobFile>& file);

  // The plain file of that name, through links within the archive.
  std::optional<Place> find(std::string_view name) const;

 private:
  struct Entry {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::optional<std::string> link;  // the name of what it stands for
  };

  std::shared_ptr<const BlobFile> file_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace registry
