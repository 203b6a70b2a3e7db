// Digests of content as images are named by: "sha256:…" (OpenSSL). One owner each; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace registry {

// "sha256:" and 64, or "sha512:" and 128, lower-case hexadecimal digits: nothing else is used.
bool is_digest(std::string_view text);

// Takes bytes one after the other.
class Hasher {
 public:
  // By the algorithm of a digest, for which is_digest is true.
  explicit Hasher(std::string_view digest);
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  ~Hasher();

  void add(std::string_view bytes);

  // Of all that was added; nothing can be added after it.
  std::string digest();

 private:
  struct State;

  std::unique_ptr<State> state_;
};

// "sha256:…" of the bytes.
std::string sha256(std::string_view bytes);

// Whether the digest is that of the bytes.
bool matches(std::string_view digest, std::string_view bytes);

}  // namespace registry
