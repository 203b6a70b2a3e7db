#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/limits.h"
#include "base/text/number.h"
#include "base/text/text.h"
#include "registry/upload/blob_file.h"

namespace registry {
namespace {

constexpr std::size_t kBlock = 512;
constexpr int kLinks = 16;  // maximum number of links that one search follows

// Offsets and sizes of header fields in bytes (POSIX.1-1988 and later, "ustar Interchange Format").
constexpr std::size_t kNameAt = 0;
constexpr std::size_t kNameSize = 100;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kNumberSize = 12;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumSize = 8;
constexpr std::size_t kTypeAt = 156;
constexpr std::size_t kLinkAt = 157;
constexpr std::size_t kMagicAt = 257;
constexpr std::string_view kMagic = "ustar";
constexpr std::size_t kPrefixAt = 345;
constexpr std::size_t kPrefixSize = 155;

using Block = std::array<char, kBlock>;

base::Error malformed(const BlobFile& file, std::string_view why) {
  return {base::ErrorCode::kMalformed, fmt::format("{}: {}", file.path(), why)};
}

std::string_view text_at(const Block& block, std::size_t at, std::size_t size) {
  const std::string_view field(block.data() + at, size);
  return field.substr(0, std::min(field.find('\0'), field.size()));
}

// Parses a number: octal digits, or GNU's format for large files, in which the first bit is set and
// the following bytes are the number in binary.
std::optional<std::uint64_t> number_at(const Block& block, std::size_t at, std::size_t size) {
  const auto first = static_cast<unsigned char>(block[at]);
  std::uint64_t number = 0;
  if ((first & 0x80U) != 0) {
    for (std::size_t i = 1; i < size; ++i) {
      if (number >> 55U != 0) return std::nullopt;
      number = number << 8U | static_cast<unsigned char>(block[at + i]);
    }
    return number;
  }
  const std::string_view digits = base::trimmed(text_at(block, at, size), " ");
  if (digits.empty()) return 0;
  return base::whole_number<std::uint64_t>(digits, 8);
}

bool checksum_fits(const Block& block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool itself = i >= kChecksumAt && i < kChecksumAt + kChecksumSize;
    sum += itself ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return number_at(block, kChecksumAt, kChecksumSize) == sum;
}

std::string name_of(const Block& block) {
  std::string name(text_at(block, kNameAt, kNameSize));
  const bool has_prefix = std::string_view(block.data() + kMagicAt, kMagic.size()) == kMagic &&
                          block[kMagicAt + kMagic.size()] == '\0';
  const std::string_view prefix = text_at(block, kPrefixAt, kPrefixSize);
  return has_prefix && !prefix.empty() ? std::string(prefix) + "/" + name : name;
}

// Returns the path that unpacking would create: "a/c" for "a/./b/../c/".
std::string normalized(std::string_view name) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : base::parts(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string joined;
  for (const std::string_view part : parts) {
    if (!joined.empty()) joined += '/';
    joined += part;
  }
  return joined;
}

// Returns the path to which the symbolic link `name` points.
std::string resolve_link(const std::string& name, const std::string& target) {
  const std::size_t slash = name.rfind('/');
  if (target.starts_with('/') || slash == std::string::npos) return normalized(target);
  return normalized(name.substr(0, slash + 1) + target);
}

// An Extension has the fields of the next entry that extended headers (pax or GNU) have set.
struct Extension {
  std::optional<std::string> name;
  std::optional<std::string> link;
  std::optional<std::uint64_t> size;
};

// Reads the lines of a pax header: "27 path=a/long/name\n", where 27 is the length of the line.
bool read_pax(std::string_view text, Extension& extension) {
  while (!text.empty()) {
    std::size_t length = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = static_cast<std::size_t>(stop - text.data());
    if (error != std::errc() || length <= digits + 1 || length > text.size()) return false;
    const std::string_view line = text.substr(digits + 1, length - digits - 2);
    text.remove_prefix(length);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (key == "path") extension.name = value;
    if (key == "linkpath") extension.link = value;
    if (key != "size") continue;
    extension.size = base::whole_number<std::uint64_t>(value);
    if (!extension.size) return false;
  }
  return true;
}

}  // namespace

base::Result<Tar> Tar::read(const std::shared_ptr<const BlobFile>& file) {
  Tar tar;
  tar.file_ = file;
  Extension extension;
  Block block{};
  std::size_t count = 0;
  for (std::uint64_t at = 0; at < file->size();) {
    const auto got = file->read(at, block);
    if (!got) return got.error();
    if (*got < kBlock) return malformed(*file, "the archive is truncated");
    if (std::all_of(block.begin(), block.end(), [](char byte) { return byte == 0; })) break;
    if (!checksum_fits(block))
      return malformed(*file, at == 0 ? "not a tar archive" : "the archive is damaged");
    if (++count > limits::kArchiveEntries) {
      return base::Error{base::ErrorCode::kTooLarge,
                         fmt::format("{}: the archive has more than {} files", file->path(),
                                     limits::kArchiveEntries)};
    }
    const auto stated = number_at(block, kSizeAt, kNumberSize);
    const char type = block[kTypeAt];
    const bool describes = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    const std::uint64_t size = !describes && extension.size ? *extension.size : stated.value_or(0);
    const std::uint64_t begin = at + kBlock;
    if (!stated || size > file->size() - begin) return malformed(*file, "the archive is truncated");
    at = begin + (size + kBlock - 1) / kBlock * kBlock;
    if (type == 'g') continue;  // a global pax header, which describes the whole archive
    if (describes) {
      const auto text = read_whole({file, begin, size}, limits::kArchiveNameBytes);
      if (!text) return text.error();
      const std::string name = text->substr(0, std::min(text->find('\0'), text->size()));
      if (type == 'L') extension.name = name;
      if (type == 'K') extension.link = name;
      if (type == 'x' && !read_pax(*text, extension))
        return malformed(*file, "the archive is damaged");
      continue;
    }
    const std::string name = normalized(extension.name.value_or(name_of(block)));
    const std::string link =
        extension.link.value_or(std::string(text_at(block, kLinkAt, kNameSize)));
    extension = {};
    if (type == '0' || type == '\0' || type == '7') tar.entries_[name] = {begin, size, {}};
    if (type == '1') tar.entries_[name] = {0, 0, normalized(link)};
    if (type == '2') tar.entries_[name] = {0, 0, resolve_link(name, link)};
    if (type == 'S')
      return malformed(*file, "the archive contains a sparse file, which is not supported");
  }
  return tar;
}

std::optional<FileRange> Tar::find(std::string_view name) const {
  std::string current = normalized(name);
  for (int links = 0; links < kLinks; ++links) {
    const auto found = entries_.find(current);
    if (found == entries_.end()) return std::nullopt;
    const Entry& entry = found->second;
    if (!entry.link) return FileRange{file_, entry.offset, entry.size};
    current = *entry.link;
  }
  return std::nullopt;
}

}  // namespace registry
