// Functions for the fuzz targets: they check properties that hold for every input, and cut inputs
// into pieces. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text/quote.h"

namespace fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Aborts the program if the property does not hold, which libFuzzer reports.
inline void require(bool holds, std::string_view property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(property.size()), property.data());
  std::abort();
}

// Requires that two texts are equal, and prints them if they are not.
inline void require_same(std::string_view one, std::string_view other, std::string_view property) {
  if (one == other) return;
  std::fprintf(stderr, "one: %.*s\nother: %.*s\n", static_cast<int>(one.size()), one.data(),
               static_cast<int>(other.size()), other.data());
  require(false, property);
}

// Requires that a message is one printable line, and short even for a long input.
inline void require_short_line(std::string_view message) {
  constexpr std::size_t kMostBytes = 2048;
  require(!message.empty(), "a message says something");
  require_same(base::printable(message), message,
               "a message is one line without control characters");
  require(message.size() <= kMostBytes, "a message is short");
}

// Numbers is a pseudo-random generator that depends on the text only (FNV-1a, then xorshift).
class Numbers {
 public:
  explicit Numbers(std::string_view text) {
    for (const char character : text) {
      state_ = (state_ ^ static_cast<unsigned char>(character)) * 1099511628211U;
    }
    if (state_ == 0) state_ = 1;
  }

  std::size_t below(std::size_t bound) {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return static_cast<std::size_t>(state_ % bound);
  }

 private:
  std::uint64_t state_ = 14695981039346656037U;
};

// Returns the text cut in three ways: whole, into bytes, and into pieces of random sizes.
inline std::vector<std::vector<std::string_view>> ways_to_cut(std::string_view text) {
  constexpr std::size_t kLongestPiece = 24;
  std::vector<std::vector<std::string_view>> ways = {{text}, {}, {}};
  for (std::size_t at = 0; at < text.size(); ++at) ways[1].push_back(text.substr(at, 1));
  Numbers numbers(text);
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view piece = text.substr(at, 1 + numbers.below(kLongestPiece));
    ways[2].push_back(piece);
    at += piece.size();
  }
  return ways;
}

}  // namespace fuzz
