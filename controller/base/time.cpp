#include "base/time.h"

#include <fmt/core.h>

#include "base/text/number.h"
#include "base/text/text.h"

namespace base {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::size_t kDateAndTime = 19;  // "2026-01-31T12:00:00"
constexpr int kMicroDigits = 6;

std::string format_date_and_time(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

// Returns the decimal number, or -1 when the text is empty or has a character that is not a digit.
int digits(std::string_view text) {
  const auto number = whole_number<std::uint16_t>(text);
  return number ? *number : -1;
}

// Removes a fraction (".123456789") from the front of `rest` and returns it, cut to microseconds.
// Returns 0 when `rest` does not begin with a point, and nullopt when no digit follows the point.
std::optional<microseconds> take_fraction(std::string_view& rest) {
  if (rest.empty() || rest.front() != '.') return microseconds(0);
  rest.remove_prefix(1);
  int value = 0;
  int count = 0;
  while (!rest.empty() && is_digit(rest.front())) {
    if (count < kMicroDigits) value = value * 10 + (rest.front() - '0');
    ++count;
    rest.remove_prefix(1);
  }
  if (count == 0) return std::nullopt;
  for (; count < kMicroDigits; ++count) value *= 10;
  return microseconds(value);
}

// Parses a time zone offset, "Z" or "+01:00". Returns nullopt for any other text.
std::optional<seconds> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return seconds(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = digits(text.substr(1, 2));
  const int minutes = digits(text.substr(4, 2));
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const seconds offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return text[0] == '+' ? offset : -offset;
}

}  // namespace

std::string format_seconds(Time time) { return format_date_and_time(time) + "Z"; }

std::string format_micros(Time time) {
  const auto fraction = time - std::chrono::floor<seconds>(time);
  return fmt::format("{}.{:06}Z", format_date_and_time(time), fraction.count());
}

std::optional<Time> parse_time(std::string_view text) {
  if (text.size() <= kDateAndTime || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const int year = digits(text.substr(0, 4));
  const int month = digits(text.substr(5, 2));
  const int day = digits(text.substr(8, 2));
  const int hour = digits(text.substr(11, 2));
  const int minute = digits(text.substr(14, 2));
  const int second = digits(text.substr(17, 2));
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (year < 0 || month < 0 || day < 0 || !date.ok() || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(kDateAndTime);
  const auto fraction = take_fraction(rest);
  const auto offset = parse_offset(rest);
  if (!fraction || !offset) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + seconds(second) + *fraction - *offset;
}

}  // namespace base
