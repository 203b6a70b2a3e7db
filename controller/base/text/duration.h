// Durations of flags in the notation of Go, such as "1h30m" and "500ms". Pure; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace base {

// The durations that parse_duration() accepts. The numbers are whole, without a sign, and below
// 2^32.
enum class DurationForm {
  kSeconds,       // hours, minutes and seconds, each at most once and in this order: "1h30m"
  kMilliseconds,  // any sequence with h, m, s and ms, or a bare number of seconds: "90"
};

// Parses a duration; nullopt when the text does not have the form. The caller checks the range.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text, DurationForm form);

// Formats a duration of zero or more: "1m30s", "0s".
std::string print_duration(std::chrono::milliseconds duration);

}  // namespace base
