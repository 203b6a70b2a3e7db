#include "base/text/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace base {
namespace {

// Encodes any number below 2^21 in `size` bytes, also where UTF-8 forbids it.
std::string encoded(char32_t code, std::size_t size) {
  constexpr unsigned char kLeads[] = {0, 0, 0xC0, 0xE0, 0xF0};
  if (size == 1) return {static_cast<char>(code)};
  std::string bytes(size, '\0');
  for (std::size_t i = size - 1; i > 0; --i, code >>= 6U) {
    bytes[i] = static_cast<char>(0x80U | (code & 0x3FU));
  }
  bytes[0] = static_cast<char>(kLeads[size] | code);
  return bytes;
}

std::size_t size_of(char32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

TEST(Utf8, EveryCharacterIsDecodedAndNoOther) {
  for (char32_t code = 0; code < 0x200000; ++code) {
    const std::string bytes = encoded(code, size_of(code));
    const Character decoded = first_character(bytes + "x");
    const bool valid = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    ASSERT_EQ(decoded.code, valid ? code : kNotUtf8);
    ASSERT_EQ(decoded.size, valid ? bytes.size() : 1);
    ASSERT_EQ(is_utf8(bytes), valid);
  }
}

TEST(Utf8, OverlongFormsAreInvalid) {
  for (const char32_t code : {0x00, 0x2F, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF}) {
    for (std::size_t size = size_of(code) + 1; size <= 4; ++size) {
      EXPECT_FALSE(is_utf8(encoded(code, size)))
          << static_cast<unsigned>(code) << " in " << size << " bytes";
    }
  }
}

TEST(Utf8, ACharacterThatIsCutOffIsInvalid) {
  for (const std::string whole : {"ö", "日", "🙂"}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      EXPECT_EQ(first_character(whole.substr(0, size)).code, kNotUtf8);
      EXPECT_EQ(first_character(whole.substr(0, size)).size, 1U);
      EXPECT_FALSE(is_utf8(whole.substr(0, size) + "a"));
    }
    EXPECT_FALSE(is_utf8(whole.substr(1)));
  }
}

TEST(Utf8, BytesMayArriveOneAtATime) {
  Utf8Decoder decoder;
  std::vector<char32_t> decoded;
  for (const char byte : std::string("aö🙂")) {
    const auto state = decoder.feed(static_cast<unsigned char>(byte));
    ASSERT_NE(state, Utf8Decoder::State::kInvalid);
    EXPECT_EQ(decoder.is_inside(), state == Utf8Decoder::State::kIncomplete);
    if (state == Utf8Decoder::State::kCharacter) decoded.push_back(decoder.character());
  }
  EXPECT_EQ(decoded, (std::vector<char32_t>{U'a', U'ö', U'🙂'}));
}

TEST(Utf8, CharactersAreCounted) {
  EXPECT_EQ(count_characters(""), 0U);
  EXPECT_EQ(count_characters("größe 🙂"), 7U);
}

}  // namespace
}  // namespace base
