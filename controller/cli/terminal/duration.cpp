#include "cli/terminal/duration.h"

#include <fmt/core.h>

#include <charconv>

#include "base/limits.h"
#include "base/quote.h"

namespace cli {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  milliseconds::rep size;
};
// The first match counts, so "ms" comes before "m".
constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};

base::Error invalid(std::string_view text) {
  return {base::ErrorCode::kInvalid,
          fmt::format("{} is not a duration: use for example 30s, 1m30s or 2h, at most {}",
                      base::quoted(text), print_duration(limits::kDurationMost))};
}

}  // namespace

base::Result<milliseconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  milliseconds::rep total = 0;
  if (rest.empty()) return invalid(text);
  while (!rest.empty()) {
    milliseconds::rep number = 0;
    const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || number < 0 || number > limits::kDurationMost.count()) {
      return invalid(text);
    }
    const bool bare = rest.data() == text.data() && stop == rest.data() + rest.size();
    rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
    const Unit* used = bare ? &kUnits[1] : nullptr;
    for (const Unit& unit : kUnits) {
      if (used == nullptr && rest.starts_with(unit.name)) used = &unit;
    }
    if (used == nullptr) return invalid(text);
    if (!bare) rest.remove_prefix(used->name.size());
    total += number * used->size;
    if (total > limits::kDurationMost.count()) return invalid(text);
  }
  return milliseconds(total);
}

std::string print_duration(milliseconds duration) {
  std::string text;
  milliseconds::rep rest = duration.count();
  for (const Unit& unit : {kUnits[3], kUnits[2], kUnits[1], kUnits[0]}) {
    if (rest < unit.size) continue;
    text += fmt::format("{}{}", rest / unit.size, unit.name);
    rest %= unit.size;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace cli
