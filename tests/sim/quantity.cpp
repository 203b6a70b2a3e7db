// This file reads and prints resource.Quantity as the API server does: with the largest suffix that
// leaves a whole number, and with the original text if it is already canonical.
// Source: k8s.io/apimachinery/pkg/api/resource (ParseQuantity, CanonicalizeBytes, RoundUp).
#include <algorithm>
#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <cctype>
#include <cstdint>
#include <limits>
#include <utility>

#include "sim/typed.h"

namespace sim {
namespace {

using Integer = boost::multiprecision::cpp_int;

constexpr int kNano = -9;
constexpr int kMilli = -3;
constexpr int kMaxDigits = 18;        // of a value that certainly fits into an int64
constexpr int kMaxBinaryDigits = 15;  // the same, before a factor of 1024^n is applied

enum class Form { kBinary, kDecimal, kExponent };

struct Amount {
  Integer value;
  int scale = 0;  // the quantity is value * 10^scale
  Form form = Form::kDecimal;
  std::string text;      // the original text if it is kept; otherwise empty
  bool is_small = true;  // fits an int64: rounding that changes nothing keeps the text
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

bool is_digit(char character) { return std::isdigit(static_cast<unsigned char>(character)) != 0; }

Integer from_digits(const std::string& digits) {
  Integer value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

Integer power(int base, int exponent) {
  return boost::multiprecision::pow(Integer(base), static_cast<unsigned>(exponent));
}

// The factor of a suffix: base^exponent.
struct Scale {
  int base = 10;
  int exponent = 0;
  Form form = Form::kDecimal;
};

// Returns the exponent of a suffix such as "e3" or "E-3"; nullopt if it has none.
std::optional<int> exponent_of(std::string_view text) {
  if (text.size() < 2 || (text.front() != 'e' && text.front() != 'E')) return std::nullopt;
  text.remove_prefix(1);
  const bool is_negative = text.front() == '-';
  if (is_negative || text.front() == '+') text.remove_prefix(1);
  if (text.empty() || text.size() > 3) return std::nullopt;
  int value = 0;
  for (const char character : text) {
    if (!is_digit(character)) return std::nullopt;
    value = value * 10 + (character - '0');
  }
  return is_negative ? -value : value;
}

std::optional<Scale> scale_of(std::string_view suffix) {
  for (const auto& [name, exponent] : kBinarySuffixes) {
    if (suffix == name) return Scale{2, exponent, Form::kBinary};
  }
  for (const auto& [name, exponent] : kDecimalSuffixes) {
    if (suffix == name) return Scale{10, exponent, Form::kDecimal};
  }
  const std::optional<int> exponent = exponent_of(suffix);
  if (!exponent) return std::nullopt;
  return Scale{10, *exponent, Form::kExponent};
}

// The parts of a number: "-012.50Mi" has the whole "12" and the fraction "50".
struct Parts {
  bool is_negative = false;
  std::string whole;
  std::string fraction;
  std::string_view suffix;
};

std::string take_digits(std::string_view& text) {
  std::string digits;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) digits += text.front();
  return digits;
}

std::optional<Parts> parts_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Parts parts;
  parts.is_negative = text.front() == '-';
  if (parts.is_negative || text.front() == '+') text.remove_prefix(1);
  bool has_digits = false;
  for (; !text.empty() && text.front() == '0'; text.remove_prefix(1)) has_digits = true;
  parts.whole = take_digits(text);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    parts.fraction = take_digits(text);
  }
  if (!has_digits && parts.whole.empty() && parts.fraction.empty()) return std::nullopt;
  if (parts.whole.empty()) parts.whole = "0";
  parts.suffix = text;
  return parts;
}

// Rounds away from zero to a multiple of 10^scale. Returns true if nothing was lost.
bool round_up(Amount& amount, int scale) {
  if (amount.scale >= scale) return true;
  const Integer unit = power(10, scale - amount.scale);
  const Integer rest = amount.value % unit;
  amount.value /= unit;
  if (rest > 0) ++amount.value;
  if (rest < 0) --amount.value;
  amount.scale = scale;
  return rest == 0;
}

// Keeps the original text where the API server does: where it takes the text for canonical.
void keep_text(Amount& amount, const Parts& parts, const Scale& scale, std::string_view text) {
  const std::string digits = parts.whole + parts.fraction;
  const bool ends_in_zeros = digits.size() >= 3 && digits.substr(digits.size() - 3) == "000";
  const bool is_kept = scale.form == Form::kBinary
                           ? from_digits(digits) % 8 != 0
                           : amount.scale % 3 == 0 && !ends_in_zeros && digits.front() != '0';
  if (is_kept) amount.text = text;
}

std::optional<Amount> parse(std::string_view text) {
  if (text == "0") return Amount{0, 0, Form::kDecimal, "0"};
  const std::optional<Parts> parts = parts_of(text);
  const std::optional<Scale> scale = parts ? scale_of(parts->suffix) : std::nullopt;
  if (!scale) return std::nullopt;
  const int digits = static_cast<int>(parts->whole.size() + parts->fraction.size());
  Amount amount;
  amount.value = from_digits(parts->whole + parts->fraction);
  amount.scale = -static_cast<int>(parts->fraction.size());
  amount.form = scale->form;
  if (scale->base == 10) {
    amount.scale += scale->exponent;
    amount.is_small = digits <= kMaxDigits && amount.scale >= kNano;
  } else {
    amount.value *= power(2, scale->exponent);
    amount.is_small =
        parts->fraction.empty() && digits + scale->exponent * 3 / 10 + 1 <= kMaxBinaryDigits;
  }
  if (amount.is_small) {
    keep_text(amount, *parts, *scale, text);
  } else {
    round_up(amount, kNano);
    const Integer max = std::numeric_limits<std::int64_t>::max();
    Integer whole = amount.value;
    if (amount.scale < 0) whole /= power(10, -amount.scale);
    if (amount.form == Form::kBinary && whole >= max) {
      amount.value = max;
      amount.scale = 0;
    }
    if (amount.form == Form::kBinary && whole == 0) amount.form = Form::kDecimal;
  }
  if (parts->is_negative) amount.value = -amount.value;
  return amount;
}

std::string in_decimals(Amount amount, Form form) {
  while (amount.value % 10 == 0) {
    amount.value /= 10;
    ++amount.scale;
  }
  while (amount.scale % 3 != 0) {
    amount.value *= 10;
    --amount.scale;
  }
  const std::string digits = amount.value.str();
  if (form == Form::kDecimal) {
    for (const auto& [suffix, exponent] : kDecimalSuffixes) {
      if (exponent == amount.scale) return digits + std::string(suffix);
    }
  }
  return digits + (amount.scale == 0 ? "" : "e" + std::to_string(amount.scale));
}

std::string printed(const Amount& amount) {
  if (!amount.text.empty()) return amount.text;
  if (amount.value == 0) return "0";
  if (amount.form != Form::kBinary) return in_decimals(amount, amount.form);
  Amount whole = amount;
  const bool is_exact = round_up(whole, 0);
  if (whole.scale > 0) whole.value *= power(10, whole.scale);
  // Small and fractional amounts are printed without a binary suffix.
  if (!is_exact || boost::multiprecision::abs(whole.value) < 1024) {
    return in_decimals(amount, Form::kDecimal);
  }
  for (const auto& [suffix, exponent] : kBinarySuffixes) {
    const Integer unit = power(2, exponent);
    if (whole.value % unit == 0) return Integer(whole.value / unit).str() + std::string(suffix);
  }
  return whole.value.str();
}

}  // namespace

std::optional<std::string> canonical_quantity(std::string_view text) {
  const std::optional<Amount> amount = parse(text);
  if (!amount) return std::nullopt;
  return printed(*amount);
}

std::string rounded_quantity(std::string_view text) {
  std::optional<Amount> amount = parse(text);
  if (!amount) return std::string(text);
  if (amount->is_small && amount->scale >= kMilli) return printed(*amount);
  amount->text.clear();
  round_up(*amount, kMilli);
  return printed(*amount);
}

int compare_quantities(std::string_view a, std::string_view b) {
  Amount left = parse(a).value_or(Amount{});
  Amount right = parse(b).value_or(Amount{});
  const int scale = std::min(left.scale, right.scale);
  left.value *= power(10, left.scale - scale);
  right.value *= power(10, right.scale - scale);
  return left.value.compare(right.value);
}

}  // namespace sim
