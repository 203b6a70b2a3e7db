// These functions read and write times as the Kubernetes API does (RFC 3339). They are pure and can
// be called on any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace base {

// Wall-clock time in microseconds since the Unix epoch. This is the precision of metav1.MicroTime;
// metav1.Time has whole seconds.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

// Formats a time as metav1.Time: "2026-01-31T12:00:00Z".
std::string format_seconds(Time time);

// Formats a time as metav1.MicroTime: "2026-01-31T12:00:00.000001Z".
std::string format_micros(Time time);

// Parses an RFC 3339 time with any fraction and time zone offset. Returns nullopt for any other
// text.
std::optional<Time> parse_time(std::string_view text);

}  // namespace base
