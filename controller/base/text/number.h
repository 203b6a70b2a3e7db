// Reads numbers of texts. Pure; any thread.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace base {

// Returns the number that is the whole text, in digits of the radix. Only a signed type accepts a
// sign, and only a minus. Returns nullopt for any other text and for a number that T cannot hold.
template <class T>
std::optional<T> whole_number(std::string_view text, int radix = 10) {
  T number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number, radix);
  if (failure != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace base
