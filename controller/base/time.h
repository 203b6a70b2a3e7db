// Points in time as the Kubernetes API writes them (RFC 3339). Values; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace base {

// Wall-clock time, microseconds since the Unix epoch: metav1.Time has seconds, MicroTime these.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

// "2026-01-31T12:00:00Z", as metav1.Time.
std::string format_seconds(Time time);

// "2026-01-31T12:00:00.000001Z", as metav1.MicroTime.
std::string format_micros(Time time);

// Reads RFC 3339 with any fraction and offset; nothing for anything else.
std::optional<Time> parse_time(std::string_view text);

}  // namespace base
