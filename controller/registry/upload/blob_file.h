// Reads what a push sends: a regular file by offset, a tar archive by the names of its entries, or
// bytes in memory. No content of a file on disk stays in memory. Files are read on one thread,
// which the reads block.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace registry {

class BlobFile {
 public:
  // Checks that the path is a regular file. The first read opens the file, which then stays open; a
  // file that is never read uses no descriptor. kNotFound: the file does not exist. kInvalid: it is
  // not a regular file. The message names the file.
  static base::Result<std::shared_ptr<const BlobFile>> open(const std::string& path);

  // Returns a file in memory. `name`: for messages, as path().
  static std::shared_ptr<const BlobFile> in_memory(std::string name, std::string bytes);

  BlobFile(const BlobFile&) = delete;
  BlobFile& operator=(const BlobFile&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  // Fills the buffer from `offset` and returns the number of bytes read, which is smaller than the
  // buffer only at the end of the file. kInvalid: the file cannot be read. kNotFound: it was
  // removed before it was opened.
  base::Result<std::size_t> read(std::uint64_t offset, std::span<char> buffer) const;

 private:
  BlobFile(std::string path, std::uint64_t size) : path_(std::move(path)), size_(size) {}

  std::string path_;
  std::uint64_t size_;
  std::optional<std::string> bytes_;  // of a file in memory
  mutable base::Descriptor file_;     // open from the first read on
};

struct FileRange {
  std::shared_ptr<const BlobFile> file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// Reads all bytes of the range. kTooLarge: more than `max` bytes; kInvalid: the file cannot be
// read or has become shorter.
base::Result<std::string> read_whole(const FileRange& range, std::size_t max);

// A Tar has the entries of a tar archive (POSIX ustar and pax, GNU), by name.
class Tar {
 public:
  // Reads the headers and skips the content. kMalformed: not a tar, damaged, truncated or with a
  // sparse file; kTooLarge: more entries than limits::kArchiveEntries, or a name longer than
  // limits::kArchiveNameBytes; kInvalid: the file cannot be read.
  static base::Result<Tar> read(const std::shared_ptr<const BlobFile>& file);

  // Returns the regular file of that name, following links within the archive; nothing without one.
  std::optional<FileRange> find(std::string_view name) const;

 private:
  struct Entry {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::optional<std::string> link;  // if the entry is a link: the name of its target
  };

  std::shared_ptr<const BlobFile> file_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace registry
