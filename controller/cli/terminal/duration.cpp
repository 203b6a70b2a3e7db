#include "cli/terminal/duration.h"

#include <fmt/core.h>

#include "base/limits.h"
#include "base/text/duration.h"
#include "base/text/quote.h"

namespace cli {
namespace {

using std::chrono::milliseconds;

base::Error invalid(std::string_view text) {
  return {base::ErrorCode::kInvalid,
          fmt::format("{} is not a duration: use for example 30s, 1m30s or 2h, at most {}",
                      base::quoted(text), base::print_duration(limits::kDurationMost))};
}

}  // namespace

base::Result<milliseconds> parse_duration(std::string_view text) {
  const auto duration = base::parse_duration(text, base::DurationForm::kMilliseconds);
  if (!duration || *duration > limits::kDurationMost) return invalid(text);
  return *duration;
}

}  // namespace cli
