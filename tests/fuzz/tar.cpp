// Fuzz target for archives of images: `docker save` and OCI layouts in a tar. An archive is read
// within its bounds. The files of an accepted archive, written to a new one, are read from there
// with the same content.
#include <sys/mman.h>
#include <unistd.h>

#include <map>

#include "base/limits.h"
#include "fuzz/property.h"
#include "registry/upload/image_source.h"

namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameSize = 100;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumSize = 8;
constexpr std::size_t kTypeAt = 156;
constexpr std::size_t kMagicAt = 257;
constexpr std::string_view kMagic = "ustar";
constexpr std::size_t kPrefixAt = 345;
constexpr std::size_t kPrefixSize = 155;

using Files = std::map<std::string, std::string>;  // content by name

// Archive is a file in memory. Its descriptor, and so its name, is the same in each run, because
// the fuzzer uses compared texts in new inputs.
class Archive {
 public:
  explicit Archive(const char* name) : descriptor_(::memfd_create(name, MFD_CLOEXEC)) {
    fuzz::require(descriptor_ >= 0, "there is a file in memory");
    path_ = "/proc/self/fd/" + std::to_string(descriptor_);
  }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;
  ~Archive() { ::close(descriptor_); }

  std::shared_ptr<const registry::BlobFile> write(std::string_view text) {
    const bool written =
        ::ftruncate(descriptor_, 0) == 0 &&
        ::pwrite(descriptor_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
    fuzz::require(written, "the archive can be written");
    const auto file = registry::BlobFile::open(path_);
    fuzz::require(file.has_value(), "the archive can be opened");
    return *file;
  }

  const std::string& path() const { return path_; }

 private:
  int descriptor_;
  std::string path_;
};

std::string_view until_nul(std::string_view text) { return text.substr(0, text.find('\0')); }

void write_octal(std::string& header, std::size_t at, std::size_t size, std::size_t number) {
  for (std::size_t i = size - 1; i-- > 0; number /= 8) {
    header[at + i] = static_cast<char>('0' + number % 8);
  }
}

void write_checksum(std::string& text, std::size_t header) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool itself = i >= kChecksumAt && i < kChecksumAt + kChecksumSize;
    sum += itself ? ' ' : static_cast<unsigned char>(text[header + i]);
  }
  write_octal(text, header + kChecksumAt, kChecksumSize, sum);
  text[header + kChecksumAt + kChecksumSize - 1] = ' ';
}

// Returns the archive with the right checksum in each header. Without this, the reader would refuse
// nearly all inputs that the fuzzer makes of others.
std::string with_checksums(std::string text) {
  for (std::size_t at = 0; at + kBlock <= text.size(); at += kBlock) {
    if (text.compare(at + kMagicAt, kMagic.size(), kMagic) == 0) write_checksum(text, at);
  }
  return text;
}

// Returns names that files of the archive may have: every block may be a header or a long name, and
// every "path=" may begin a line of a pax header.
std::vector<std::string> possible_names(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at + kBlock <= text.size(); at += kBlock) {
    const std::string name(until_nul(text.substr(at, kNameSize)));
    names.push_back(name);
    names.push_back(std::string(until_nul(text.substr(at + kPrefixAt, kPrefixSize))) + "/" + name);
    names.emplace_back(until_nul(text.substr(at, limits::kArchiveNameBytes)));
  }
  constexpr std::string_view kPath = "path=";
  for (std::size_t at = text.find(kPath); at != text.npos; at = text.find(kPath, at + 1)) {
    const std::string_view value = text.substr(at + kPath.size());
    names.emplace_back(value.substr(0, value.find('\n')));
  }
  return names;
}

void check_range(const registry::FileRange& range) {
  fuzz::require(range.offset <= range.file->size(), "a file begins within the archive");
  fuzz::require(range.size <= range.file->size() - range.offset, "a file ends within the archive");
}

std::string content_of(const registry::FileRange& range) {
  check_range(range);
  const auto content = registry::read_whole(range, range.size);
  fuzz::require(content.has_value(), "what is within the archive can be read");
  return *content;
}

Files files_of(const registry::Tar& tar, std::string_view text) {
  Files files;
  for (const std::string& name : possible_names(text)) {
    if (const auto range = tar.find(name)) files[name] = content_of(*range);
  }
  return files;
}

std::string entry(std::string_view name, std::string_view content, char type) {
  std::string text(kBlock, '\0');
  name.copy(text.data(), kNameSize);
  write_octal(text, kSizeAt, 12, content.size());
  text[kTypeAt] = type;
  kMagic.copy(text.data() + kMagicAt, kMagic.size());
  write_checksum(text, 0);
  text += content;
  text.resize((text.size() + kBlock - 1) / kBlock * kBlock);
  return text;
}

// Returns a line of a pax header. It begins with its own length.
std::string pax_line(const std::string& name) {
  const std::string rest = " path=" + name + "\n";
  std::size_t size = rest.size() + 1;
  while (std::to_string(size).size() + rest.size() != size) ++size;
  return std::to_string(size) + rest;
}

// Writes the name in a field of the header, as GNU does or in a pax header, by what can hold it.
std::string archive_of(const Files& files) {
  fuzz::Numbers numbers(files.empty() ? "" : files.begin()->first);
  std::string text;
  for (const auto& [name, content] : files) {
    const bool has_nul = name.find('\0') != std::string::npos;
    const bool is_short = name.size() <= kNameSize && !has_nul;
    const std::size_t way = numbers.below(3);
    if (has_nul || way == 0) {
      text += entry("pax", pax_line(name), 'x');
    } else if (!is_short || way == 1) {
      text += entry("long", name + '\0', 'L');
    }
    text += entry(name, content, '0');
  }
  return text + std::string(2 * kBlock, '\0');
}

void check_written_again(const Files& files) {
  static Archive archive("again");
  const auto tar = registry::Tar::read(archive.write(archive_of(files)));
  fuzz::require(tar.has_value(), "what was written can be read");
  for (const auto& [name, content] : files) {
    const auto range = tar->find(name);
    fuzz::require(range.has_value(), "what was written has the file");
    fuzz::require_same(content_of(*range), content, "what was written has the same content");
  }
}

void check_image(const Archive& archive) {
  const auto source = registry::ImageSource::open(archive.path());
  if (!source) return fuzz::require_short_line(source.error().message);
  for (const registry::SourceImage& image : (*source)->images()) {
    const auto parts = (*source)->parts(image);
    if (!parts) {
      fuzz::require_short_line(parts.error().message);
      continue;
    }
    fuzz::require(!parts->manifests.empty(), "an image has a manifest");
    for (const auto& blob : parts->blobs) {
      if (blob.range) check_range(*blob.range);
    }
  }
}

void check(const std::string& text) {
  static Archive archive("archive");
  const auto file = archive.write(text);
  const auto tar = registry::Tar::read(file);
  check_image(archive);
  if (!tar) return fuzz::require_short_line(tar.error().message);
  const Files files = files_of(*tar, text);
  const auto again = registry::Tar::read(file);
  fuzz::require(again && files_of(*again, text) == files, "read twice, it has the same files");
  check_written_again(files);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  check(text);
  check(with_checksums(text));
  return 0;
}
