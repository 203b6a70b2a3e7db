// Trace records what happens in a run, in order: always as a hash, and also as text if a person
// wants to read it. Two runs are the same, to the byte, if their hashes are. A world owns it; one
// thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace sim {

class Trace {
 public:
  // `keeps`: keeps the text of the lines as well.
  explicit Trace(bool keeps = false) : keeps_(keeps) {}

  void add(base::Clock::Instant when, std::string_view line) {
    hash_number(static_cast<std::uint64_t>(when.time_since_epoch().count()));
    hash_text(line);
    if (keeps_) lines_.push_back(stamp(when) + std::string(line));
  }

  // Adds a text to the hash alone, because it is too long to be read: an object or an answer.
  void add_hidden(std::string_view text) { hash_text(text); }

  bool keeps() const { return keeps_; }
  std::uint64_t hash() const { return hash_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  static constexpr std::uint64_t kOffset = 14695981039346656037ULL;
  static constexpr std::uint64_t kPrime = 0x9fb21c651e98df25ULL;

  static std::string stamp(base::Clock::Instant when) {
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch()).count();
    std::string text = std::to_string(microseconds);
    return std::string(text.size() < 12 ? 12 - text.size() : 0, ' ') + text + "us ";
  }

  // Hashes eight bytes at a time for speed, because the texts are long and many.
  void hash_text(std::string_view text) {
    hash_number(text.size());
    for (; text.size() >= sizeof(std::uint64_t); text.remove_prefix(sizeof(std::uint64_t))) {
      std::uint64_t part = 0;
      std::memcpy(&part, text.data(), sizeof(part));
      hash_number(part);
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, text.data(), text.size());
    hash_number(rest);
  }
  void hash_number(std::uint64_t number) {
    hash_ = (hash_ ^ number) * kPrime;
    hash_ ^= hash_ >> 32U;
  }

  bool keeps_;
  std::uint64_t hash_ = kOffset;
  std::vector<std::string> lines_;
};

}  // namespace sim
