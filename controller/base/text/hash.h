// Hashes of texts that are the same in every process and version of the operator. They are not
// cryptographic and must not be used for secrets. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace base {

// Returns the 64-bit FNV-1a hash. The hashes of similar texts are similar numbers.
constexpr std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char character : text) {
    hash ^= static_cast<unsigned char>(character);
    hash *= 0x100000001b3U;
  }
  return hash;
}

// Returns a hash that spreads similar texts over all numbers: FNV-1a, then two rounds of
// MurmurHash3's finalizer.
constexpr std::uint64_t spread_hash(std::string_view text) {
  std::uint64_t hash = fnv1a(text);
  hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdU;
  hash = (hash ^ (hash >> 33U)) * 0xc4ceb9fe1a85ec53U;
  return hash ^ (hash >> 33U);
}

}  // namespace base
