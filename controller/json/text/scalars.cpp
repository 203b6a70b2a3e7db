#include "json/text/scalars.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/limits.h"
#include "base/text/text.h"
#include "json/text.h"

namespace json {
namespace {

// Returns true when every YAML parser reads the unquoted word as a string with this text. A word
// with a slash is never a number, date or boolean, and neither is a word with a colon that begins
// with a letter. A word that begins with a letter or digit begins no other YAML syntax.
bool may_be_plain(std::string_view word, bool in_flow) {
  const char first = word.front();
  const bool letter = base::is_letter(first);
  const bool slash = word.find('/') != std::string_view::npos;
  const bool host = letter && !in_flow && word.find(':') != std::string_view::npos;
  return base::is_alphanumeric(first) && (slash || host) && word.back() != ':' &&
         !(in_flow && word.find_first_of(",[]{}") != std::string_view::npos);
}

}  // namespace

std::optional<Edit> edit_at(const ScalarLocation& location, std::string_view word) {
  if (!is_word(word))
    throw std::invalid_argument("the replacement has characters of JSON or YAML syntax");
  const bool quote = location.plain && !may_be_plain(word, location.in_flow);
  if (quote && !location.whole) return std::nullopt;
  std::string text(word);
  if (quote) text = '"' + text + '"';
  return Edit{location.begin, location.end, std::move(text), location.original};
}

base::Result<std::string> text_at(ByteSource& source, std::uint64_t offset, std::size_t size,
                                  std::string_view window, std::uint64_t window_offset) {
  if (offset >= window_offset && offset + size <= window_offset + window.size()) {
    return std::string(window.substr(offset - window_offset, size));
  }
  std::string text(size, '\0');
  const auto read = source.read(offset, text.data(), size);
  if (!read) return read.error();
  text.resize(*read);
  return text;
}

base::Result<std::size_t> TextSource::read(std::uint64_t offset, char* buffer, std::size_t size) {
  if (offset >= text_.size()) return std::size_t{0};
  const std::string_view part = text_.substr(offset, size);
  std::copy(part.begin(), part.end(), buffer);
  return part.size();
}

base::Error values_too_far_apart(std::string_view format) {
  return {base::ErrorCode::kTooLarge,
          fmt::format("the {} has more than {} MiB of text between two values", format,
                      limits::kScalarBytes >> 20)};
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
    const std::size_t first = text.find_first_not_of(base::kWhiteSpace);
    if (first != std::string_view::npos) return text[first] == '{' || text[first] == '[';
    offset += *size;
  }
}

}  // namespace json
