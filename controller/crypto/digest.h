// This file computes the digests that name content in registries, such as "sha256:…", with OpenSSL.
// A Hasher has one owner. Everything here can be used on any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace crypto {

// Returns true for "sha256:" with 64 or "sha512:" with 128 lower-case hexadecimal digits. Other
// algorithms are not supported.
bool is_digest(std::string_view text);

// A Hasher computes the digest of bytes that arrive in pieces.
class Hasher {
 public:
  // Selects the algorithm of `digest`, for which is_digest() must be true.
  explicit Hasher(std::string_view digest);
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  ~Hasher();

  void add(std::string_view bytes);

  // Returns the digest of all bytes that were added. The Hasher must not be used afterwards.
  std::string digest();

 private:
  struct State;

  std::unique_ptr<State> state_;
};

// Returns the SHA-256 digest of the bytes: "sha256:…".
std::string sha256(std::string_view bytes);

// Returns whether `digest` is the digest of the bytes. is_digest(digest) must be true.
bool matches(std::string_view digest, std::string_view bytes);

}  // namespace crypto
