// This file parses durations of flags: "90s", "1m30s", "2h", "500ms", or a bare number of seconds.
// The function is pure and can be called on any thread.
#pragma once

#include <chrono>
#include <string_view>

#include "base/error.h"

namespace cli {

// Parses a duration. kInvalid: the text is not a duration, or exceeds limits::kMaxFlagDuration; the
// message shows the accepted forms.
base::Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace cli
