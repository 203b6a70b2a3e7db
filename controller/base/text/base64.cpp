#include "base/text/base64.h"

#include <algorithm>
#include <cstdint>

#include "base/text/text.h"

namespace base {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kGroup = 4;  // characters that encode three bytes

// Returns the six bits that the character encodes, or -1 when it is not in the alphabet.
int value_of(char character) {
  const std::size_t at = kAlphabet.find(character);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / kGroup * 3);
  std::uint32_t bits = 0;
  std::size_t count = 0;
  int padding = 0;
  for (const char character : text) {
    if (kWhiteSpace.find(character) != std::string_view::npos) continue;
    const int value = character == '=' ? 0 : value_of(character);
    if (value < 0 || (padding > 0 && character != '=')) return std::nullopt;
    if (character == '=' && ++padding > 2) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    if (++count % kGroup != 0) continue;
    bytes += static_cast<char>(bits >> 16 & 0xff);
    if (padding < 2) bytes += static_cast<char>(bits >> 8 & 0xff);
    if (padding < 1) bytes += static_cast<char>(bits & 0xff);
    bits = 0;
  }
  if (count % kGroup != 0) return std::nullopt;
  return bytes;
}

std::string padded_base64(std::string text) {
  text.append((kGroup - text.size() % kGroup) % kGroup, '=');
  return text;
}

std::string encode_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * kGroup);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const bool inside = at + i < bytes.size();
      bits = bits << 8 | (inside ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    const std::size_t used = std::min<std::size_t>(bytes.size() - at, 3) + 1;
    for (std::size_t i = 0; i < kGroup; ++i) {
      text += i < used ? kAlphabet[bits >> (18 - 6 * i) & 0x3f] : '=';
    }
  }
  return text;
}

}  // namespace base
