#include "kube/text.h"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <algorithm>
#include <vector>

namespace kube {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::size_t kEncodedGroup = 4;  // characters for each kDecodedGroup bytes
constexpr std::size_t kDecodedGroup = 3;

bool base64_character(char character) {
  return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
         (character >= '0' && character <= '9') || character == '+' || character == '/';
}

}  // namespace

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1));
}

std::string variable(const EnvironmentVariables& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string packed;
  packed.reserve(text.size());
  for (const char character : text) {
    if (kWhiteSpace.find(character) == std::string_view::npos) packed += character;
  }
  if (packed.size() % kEncodedGroup != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < packed.size() && packed[packed.size() - 1 - padding] == '=') {
    ++padding;
  }
  const auto end = packed.end() - static_cast<std::ptrdiff_t>(padding);
  if (!std::all_of(packed.begin(), end, base64_character)) return std::nullopt;
  std::vector<unsigned char> bytes(packed.size() / kEncodedGroup * kDecodedGroup);
  if (packed.empty()) return "";
  const int size =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(packed.data()),
                      static_cast<int>(packed.size()));
  if (size < static_cast<int>(padding)) return std::nullopt;
  return std::string(bytes.begin(), bytes.begin() + size - static_cast<std::ptrdiff_t>(padding));
}

std::string encode_base64(std::string_view bytes) {
  // One byte more: EVP_EncodeBlock ends its text with a zero.
  std::vector<unsigned char> text(
      (bytes.size() + kDecodedGroup - 1) / kDecodedGroup * kEncodedGroup + 1);
  const int size =
      EVP_EncodeBlock(text.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  return std::string(text.begin(), text.begin() + size);
}

bool fits_header(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return (byte < 0x20 && character != '\t') || byte == 0x7f;
  });
}

std::string header_name_part(std::string_view text) {
  std::string name;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool plain = (character >= 'A' && character <= 'Z') ||
                       (character >= 'a' && character <= 'z') ||
                       (character >= '0' && character <= '9') || character == '-';
    if (plain) {
      name += character;
    } else {
      name += fmt::format("%{:02X}", byte);
    }
  }
  return name;
}

}  // namespace kube
