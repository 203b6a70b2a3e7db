// Durations as flags take them: "90s", "1m30s", "2h", "500ms", or whole seconds. Pure; any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"

namespace cli {

// kInvalid, with what is accepted. At most limits::kDurationMost.
base::Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// "1m30s"
std::string print_duration(std::chrono::milliseconds duration);

}  // namespace cli
