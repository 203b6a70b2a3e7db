#include "json/text/text_check.h"

#include <fmt/core.h>

#include <cstring>

namespace json {
namespace {

// Returns how many bytes at the beginning are printable ASCII. Checks eight bytes at a time.
std::size_t plain_bytes(std::string_view bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  std::size_t at = 0;
  while (at + sizeof(std::uint64_t) <= bytes.size()) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, bytes.data() + at, sizeof eight);
    // `odd` is 0 exactly if each of the eight bytes is a printable ASCII character. Which of its
    // bits are set does not matter, because a carry can set further ones.
    const std::uint64_t odd = ((eight - 0x20 * kOnes) | eight | (eight + kOnes)) & 0x80 * kOnes;
    if (odd != 0) break;
    at += sizeof eight;
  }
  while (at < bytes.size() && bytes[at] >= 0x20 && bytes[at] < 0x7F) ++at;
  return at;
}

}  // namespace

base::Error error_at(base::ErrorCode code, std::uint64_t line, std::uint64_t column,
                     std::string_view what) {
  return {code, fmt::format("YAML at line {}, column {}: {}", line, column, what)};
}

std::optional<base::Error> TextCheck::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t plain = decoder_.is_inside() ? 0 : plain_bytes(bytes);
    if (plain > 0) {
      after_return_ = false;
      column_ += plain;
      bytes.remove_prefix(plain);
      continue;
    }
    const auto state = decoder_.feed(static_cast<unsigned char>(bytes.front()));
    bytes.remove_prefix(1);
    if (state == base::Utf8Decoder::State::kInvalid) return error("not UTF-8");
    if (state == base::Utf8Decoder::State::kIncomplete) continue;
    if (auto wrong = character(decoder_.character())) return wrong;
  }
  return std::nullopt;
}

std::optional<base::Error> TextCheck::finish() const {
  if (decoder_.is_inside()) return error("not UTF-8");
  return std::nullopt;
}

// Checks one character. The line ends are those of YAML: LF, CR, CR LF, NEL, LS and PS.
std::optional<base::Error> TextCheck::character(char32_t character) {
  const bool line_end = character == '\n' || character == '\r' || character == 0x85 ||
                        character == 0x2028 || character == 0x2029;
  const bool control = (character < 0x20 && character != '\t') ||
                       (character >= 0x7F && character < 0xA0) || character == 0xFFFE ||
                       character == 0xFFFF;
  if (control && !line_end) return error("control characters are not allowed");
  if (!line_end) {
    ++column_;
  } else if (character != '\n' || !after_return_) {
    ++line_;
    column_ = 1;
  }
  after_return_ = character == '\r';
  return std::nullopt;
}

base::Error TextCheck::error(std::string_view what) const {
  return error_at(base::ErrorCode::kMalformed, line_, column_, what);
}

}  // namespace json
