#include "base/text/utf8.h"

#include <algorithm>

namespace base {
namespace {

constexpr unsigned kBits = 6;  // bits of the code point in each byte after the first
constexpr char32_t kLast = 0x10FFFF;

}  // namespace

Utf8Decoder::State Utf8Decoder::feed(unsigned char byte) {
  if (missing_ == 0) return begin(byte);
  if (begins_character(static_cast<char>(byte))) return State::kInvalid;
  code_ = code_ << kBits | (byte & 0x3FU);
  if (--missing_ > 0) return State::kIncomplete;
  const bool is_surrogate = code_ >= 0xD800 && code_ <= 0xDFFF;
  return code_ < least_ || code_ > kLast || is_surrogate ? State::kInvalid : State::kCharacter;
}

Utf8Decoder::State Utf8Decoder::begin(unsigned char byte) {
  if (byte < 0x80) {
    code_ = byte;
    return State::kCharacter;
  }
  if (byte >= 0xC2 && byte <= 0xDF) {
    missing_ = 1;
    least_ = 0x80;
    code_ = byte & 0x1FU;
  } else if (byte >= 0xE0 && byte <= 0xEF) {
    missing_ = 2;
    least_ = 0x800;
    code_ = byte & 0x0FU;
  } else if (byte >= 0xF0 && byte <= 0xF4) {
    missing_ = 3;
    least_ = 0x10000;
    code_ = byte & 0x07U;
  } else {
    return State::kInvalid;
  }
  return State::kIncomplete;
}

Character first_wide_character(std::string_view text) {
  Utf8Decoder decoder;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (decoder.feed(static_cast<unsigned char>(text[i]))) {
      case Utf8Decoder::State::kCharacter: return {decoder.character(), i + 1};
      case Utf8Decoder::State::kIncomplete: break;
      case Utf8Decoder::State::kInvalid: return {};
    }
  }
  return {};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character next = first_character(text);
    if (next.code == kNotUtf8) return false;
    text.remove_prefix(next.size);
  }
  return true;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

}  // namespace base
