// These functions parse and format the durations of flags in the notation of Go, such as "1h30m"
// and "500ms". They are pure and can be called on any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace base {

// The notations that parse_duration() accepts. All numbers are whole, without a sign, and below
// 2^32.
enum class DurationForm {
  kSeconds,       // hours, minutes and seconds, each at most once and in this order: "1h30m"
  kMilliseconds,  // numbers with h, m, s or ms in any order, or only a number of seconds: "90"
};

// Parses a duration. Returns nullopt when the text does not have the form. The caller checks the
// range.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text, DurationForm form);

// Formats a duration that is not negative: "1m30s", "0s".
std::string print_duration(std::chrono::milliseconds duration);

}  // namespace base
