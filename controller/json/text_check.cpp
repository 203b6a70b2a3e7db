#include "json/text_check.h"

#include <fmt/core.h>

namespace json {

std::optional<base::Error> TextCheck::feed(std::string_view bytes) {
  for (const char raw : bytes) {
    const auto byte = static_cast<unsigned char>(raw);
    std::optional<base::Error> error;
    if (missing_ == 0 && byte >= 0x20 && byte < 0x7F) {
      after_return_ = false;
      ++column_;
    } else if (missing_ == 0) {
      error = begin(byte);
    } else if ((byte & 0xC0) != 0x80) {
      error = at_here("not UTF-8");
    } else {
      character_ = character_ << 6 | (byte & 0x3FU);
      if (--missing_ == 0) error = character(character_);
    }
    if (error) return error;
  }
  return std::nullopt;
}

std::optional<base::Error> TextCheck::finish() const {
  if (missing_ > 0) return at_here("not UTF-8");
  return std::nullopt;
}

std::optional<base::Error> TextCheck::begin(unsigned char byte) {
  if (byte < 0x80) {
    least_ = 0;
    return character(byte);
  }
  if (byte >= 0xC2 && byte <= 0xDF) {
    missing_ = 1;
    least_ = 0x80;
    character_ = byte & 0x1FU;
  } else if (byte >= 0xE0 && byte <= 0xEF) {
    missing_ = 2;
    least_ = 0x800;
    character_ = byte & 0x0FU;
  } else if (byte >= 0xF0 && byte <= 0xF4) {
    missing_ = 3;
    least_ = 0x10000;
    character_ = byte & 0x07U;
  } else {
    return at_here("not UTF-8");
  }
  return std::nullopt;
}

// Line ends are counted as YAML counts them: LF, CR, both together, NEL, LS and PS.
std::optional<base::Error> TextCheck::character(char32_t character) {
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (character < least_ || surrogate || character > 0x10FFFF) return at_here("not UTF-8");
  const bool line_end = character == '\n' || character == '\r' || character == 0x85 ||
                        character == 0x2028 || character == 0x2029;
  const bool control = (character < 0x20 && character != '\t') ||
                       (character >= 0x7F && character < 0xA0) || character == 0xFFFE ||
                       character == 0xFFFF;
  if (control && !line_end) return at_here("control characters are not allowed");
  if (!line_end) {
    ++column_;
  } else if (character != '\n' || !after_return_) {
    ++line_;
    column_ = 1;
  }
  after_return_ = character == '\r';
  return std::nullopt;
}

base::Error TextCheck::at_here(std::string_view what) const {
  return {base::ErrorCode::kMalformed,
          fmt::format("YAML at line {}, column {}: {}", line_, column_, what)};
}

}  // namespace json
