#include "base/text/duration.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <span>

namespace base {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  milliseconds::rep size;
};
// The units are in descending order.
constexpr Unit kUnits[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};
constexpr const Unit& kSecond = kUnits[2];

// A duration above this bound is refused, so that the sum of the units cannot overflow.
constexpr milliseconds::rep kMax = std::numeric_limits<milliseconds::rep>::max() / 2;

// Returns the index of the longest unit name that the text begins with, or units.size() when the
// text begins with no unit.
std::size_t first_unit(std::string_view text, std::span<const Unit> units) {
  std::size_t best = units.size();
  for (std::size_t i = 0; i < units.size(); ++i) {
    const bool is_longer = best == units.size() || units[i].name.size() > units[best].name.size();
    if (text.starts_with(units[i].name) && is_longer) best = i;
  }
  return best;
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text, DurationForm form) {
  const bool has_order = form == DurationForm::kSeconds;
  std::span<const Unit> units(kUnits);
  if (has_order) units = units.first(units.size() - 1);
  std::string_view rest = text;
  milliseconds::rep sum = 0;
  do {
    std::uint32_t number = 0;
    const auto [stop, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (failure != std::errc()) return std::nullopt;
    const bool is_first = rest.size() == text.size();
    rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
    if (!has_order && is_first && rest.empty()) return milliseconds(number * kSecond.size);
    const std::size_t unit = first_unit(rest, units);
    if (unit == units.size()) return std::nullopt;
    sum += number * units[unit].size;
    if (sum > kMax) return std::nullopt;
    rest.remove_prefix(units[unit].name.size());
    if (has_order) units = units.subspan(unit + 1);
  } while (!rest.empty());
  return milliseconds(sum);
}

std::string print_duration(milliseconds duration) {
  std::string text;
  milliseconds::rep rest = duration.count();
  for (const Unit& unit : kUnits) {
    if (rest < unit.size) continue;
    text += fmt::format("{}{}", rest / unit.size, unit.name);
    rest %= unit.size;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace base
