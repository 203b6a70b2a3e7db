// Computes the digests that name content in registries: "sha256:…" (by OpenSSL). Each Hasher has
// one owner; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace crypto {

// True for "sha256:" with 64 or "sha512:" with 128 lower-case hexadecimal digits. Other algorithms
// are not supported.
bool is_digest(std::string_view text);

// Computes the digest of bytes that arrive in pieces.
class Hasher {
 public:
  // Uses the algorithm of `digest`, for which is_digest() must be true.
  explicit Hasher(std::string_view digest);
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  ~Hasher();

  void add(std::string_view bytes);

  // Returns the digest of all bytes that were added. It is called once, as the last call.
  std::string digest();

 private:
  struct State;

  std::unique_ptr<State> state_;
};

// Returns the digest "sha256:…" of the bytes.
std::string sha256(std::string_view bytes);

// Whether `digest` is the digest of the bytes; is_digest(digest) must be true.
bool matches(std::string_view digest, std::string_view bytes);

}  // namespace crypto
