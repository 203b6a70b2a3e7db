#include "json/scalars.h"

#include <algorithm>
#include <array>

#include "json/text.h"

namespace json {

base::Result<std::size_t> TextSource::read(std::uint64_t offset, char* buffer, std::size_t size) {
  if (offset >= text_.size()) return std::size_t{0};
  const std::string_view part = text_.substr(offset, size);
  std::copy(part.begin(), part.end(), buffer);
  return part.size();
}

base::Result<bool> begins_as_json(ByteSource& source) {
  std::array<char, 4096> buffer;
  std::uint64_t offset = 0;
  while (true) {
    const auto size = source.read(offset, buffer.data(), buffer.size());
    if (!size) return size.error();
    if (*size == 0) return false;
    std::string_view text(buffer.data(), *size);
    if (offset == 0 && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos) return text[first] == '{' || text[first] == '[';
    offset += *size;
  }
}

}  // namespace json
