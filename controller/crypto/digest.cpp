#include "crypto/digest.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <new>

#include "base/text/text.h"
#include "crypto/openssl.h"

namespace crypto {
namespace {

constexpr std::string_view kSha256 = "sha256:";
constexpr std::string_view kSha512 = "sha512:";
constexpr std::size_t kSha256Digits = 64;
constexpr std::size_t kSha512Digits = 128;

bool has_digits(std::string_view text, std::size_t count) {
  return text.size() == count && std::all_of(text.begin(), text.end(), base::is_lower_hex);
}

}  // namespace

bool is_digest(std::string_view text) {
  if (text.starts_with(kSha256)) return has_digits(text.substr(kSha256.size()), kSha256Digits);
  return text.starts_with(kSha512) && has_digits(text.substr(kSha512.size()), kSha512Digits);
}

struct Hasher::State {
  DigestPtr context;
  std::string_view algorithm;
};

Hasher::Hasher(std::string_view digest) : state_(std::make_unique<State>()) {
  const bool wide = digest.starts_with(kSha512);
  state_->algorithm = wide ? kSha512 : kSha256;
  state_->context.reset(EVP_MD_CTX_new());
  const bool good =
      state_->context &&
      EVP_DigestInit_ex(state_->context.get(), wide ? EVP_sha512() : EVP_sha256(), nullptr) == 1;
  if (!good) throw std::bad_alloc();
}

Hasher::~Hasher() = default;

void Hasher::add(std::string_view bytes) {
  EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
}

std::string Hasher::digest() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context.get(), bytes.data(), &size);
  std::string text(state_->algorithm);
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

std::string sha256(std::string_view bytes) {
  Hasher hasher(kSha256);
  hasher.add(bytes);
  return hasher.digest();
}

bool matches(std::string_view digest, std::string_view bytes) {
  Hasher hasher(digest);
  hasher.add(bytes);
  return hasher.digest() == digest;
}

}  // namespace crypto
