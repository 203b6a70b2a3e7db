// Quantities as Kubernetes writes them: the largest suffix that leaves a whole number.
#include <array>
#include <cctype>
#include <cstdint>
#include <utility>

#include "sim/typed.h"

namespace sim {
namespace {

__extension__ using Wide = __int128;  // a quantity is kept in thousand-millionths

constexpr Wide kUnit = 1'000'000'000;

enum class Form { kBinary, kDecimal, kExponent };

struct Amount {
  Wide nanos = 0;
  Form form = Form::kDecimal;
};

constexpr std::array<std::pair<std::string_view, int>, 6> kBinarySuffixes = {
    {{"Ei", 60}, {"Pi", 50}, {"Ti", 40}, {"Gi", 30}, {"Mi", 20}, {"Ki", 10}}};
constexpr std::array<std::pair<std::string_view, int>, 10> kDecimalSuffixes = {{{"E", 18},
                                                                                {"P", 15},
                                                                                {"T", 12},
                                                                                {"G", 9},
                                                                                {"M", 6},
                                                                                {"k", 3},
                                                                                {"", 0},
                                                                                {"m", -3},
                                                                                {"u", -6},
                                                                                {"n", -9}}};

std::optional<int> exponent_of(std::string_view text) {
  std::size_t at = 0;
  bool negative = false;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) negative = text[at++] == '-';
  if (at == text.size() || text.size() - at > 2) return std::nullopt;
  int value = 0;
  for (; at < text.size(); ++at) {
    if (std::isdigit(static_cast<unsigned char>(text[at])) == 0) return std::nullopt;
    value = value * 10 + (text[at] - '0');
  }
  return negative ? -value : value;
}

Wide power(int base, int exponent) {
  Wide value = 1;
  while (exponent-- > 0) value *= base;
  return value;
}

// The factor of a suffix as a power of ten or two; nothing: no such suffix.
struct Scale {
  int base = 10;
  int exponent = 0;
  Form form = Form::kDecimal;
};

std::optional<Scale> scale_of(std::string_view suffix) {
  for (const auto& [name, exponent] : kBinarySuffixes) {
    if (suffix == name) return Scale{2, exponent, Form::kBinary};
  }
  for (const auto& [name, exponent] : kDecimalSuffixes) {
    if (suffix == name) return Scale{10, exponent, Form::kDecimal};
  }
  if (suffix.front() != 'e' && suffix.front() != 'E') return std::nullopt;
  const std::optional<int> exponent = exponent_of(suffix.substr(1));
  if (!exponent || *exponent > 18 || *exponent < -9) return std::nullopt;
  return Scale{10, *exponent, Form::kExponent};
}

std::optional<Amount> parse(std::string_view text) {
  std::size_t at = 0;
  bool negative = false;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) negative = text[at++] == '-';
  Wide digits = 0;
  int decimals = 0;
  bool any = false;
  bool point = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
    } else if (std::isdigit(static_cast<unsigned char>(text[at])) != 0) {
      any = true;
      if (decimals == 9 || digits > power(10, 18)) continue;  // beyond what is kept
      digits = digits * 10 + (text[at] - '0');
      if (point) ++decimals;
    } else {
      break;
    }
  }
  const std::optional<Scale> scale = any ? scale_of(text.substr(at)) : std::nullopt;
  if (!scale) return std::nullopt;
  Wide nanos = digits * power(10, 9 - decimals);
  if (scale->exponent >= 0) {
    nanos *= power(scale->base, scale->exponent);
  } else {
    const Wide divisor = power(scale->base, -scale->exponent);
    nanos = (nanos + divisor - 1) / divisor;
  }
  return Amount{negative ? -nanos : nanos, scale->form};
}

std::string digits_of(Wide value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  if (negative) value = -value;
  std::string text;
  for (; value > 0; value /= 10) text.insert(text.begin(), static_cast<char>('0' + value % 10));
  return negative ? "-" + text : text;
}

std::string in_decimals(Wide nanos, Form form) {
  for (const auto& [suffix, exponent] : kDecimalSuffixes) {
    const Wide unit = power(10, exponent + 9);
    if (nanos % unit != 0) continue;
    if (form == Form::kDecimal) return digits_of(nanos / unit) + std::string(suffix);
    return digits_of(nanos / unit) + (exponent == 0 ? "" : "e" + std::to_string(exponent));
  }
  return digits_of(nanos) + "n";
}

}  // namespace

namespace {

std::string canonical(const Amount& amount) {
  if (amount.nanos == 0) return "0";
  const Wide size = amount.nanos < 0 ? -amount.nanos : amount.nanos;
  // Small and broken amounts have no binary suffix.
  if (amount.form != Form::kBinary || size < 1024 * kUnit || size % kUnit != 0) {
    return in_decimals(amount.nanos, amount.form == Form::kBinary ? Form::kDecimal : amount.form);
  }
  for (const auto& [suffix, exponent] : kBinarySuffixes) {
    const Wide unit = power(2, exponent) * kUnit;
    if (amount.nanos % unit == 0) return digits_of(amount.nanos / unit) + std::string(suffix);
  }
  return digits_of(amount.nanos / kUnit);
}

}  // namespace

std::optional<std::string> canonical_quantity(std::string_view text) {
  const std::optional<Amount> amount = parse(text);
  if (!amount) return std::nullopt;
  return canonical(*amount);
}

std::string rounded_quantity(std::string_view text) {
  std::optional<Amount> amount = parse(text);
  if (!amount) return std::string(text);
  constexpr Wide kMilli = kUnit / 1000;
  const Wide rest = amount->nanos % kMilli;
  if (rest == 0) return std::string(text);
  if (rest > 0) amount->nanos += kMilli - rest;
  return canonical(*amount);
}

int compare_quantities(std::string_view a, std::string_view b) {
  const Wide left = parse(a).value_or(Amount{}).nanos;
  const Wide right = parse(b).value_or(Amount{}).nanos;
  return left < right ? -1 : (left > right ? 1 : 0);
}

}  // namespace sim
