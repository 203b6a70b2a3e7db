#include "api/quantity.h"

#include <algorithm>
#include <array>

#include "base/text/text.h"
#include "json/raw.h"

namespace api {
namespace {

// A parsed quantity. Its exact value is digits * 10^exponent * 1024^binary.
struct Parsed {
  bool negative = false;
  std::string digits;  // without leading zeros; empty: zero
  int exponent = 0;
  int binary = 0;
};

struct Suffix {
  std::string_view text;
  int exponent;
  int binary;
};

constexpr std::array<Suffix, 15> kSuffixes = {{{"", 0, 0},
                                               {"n", -9, 0},
                                               {"u", -6, 0},
                                               {"m", -3, 0},
                                               {"k", 3, 0},
                                               {"M", 6, 0},
                                               {"G", 9, 0},
                                               {"T", 12, 0},
                                               {"P", 15, 0},
                                               {"E", 18, 0},
                                               {"Ki", 0, 1},
                                               {"Mi", 0, 2},
                                               {"Gi", 0, 3},
                                               {"Ti", 0, 4},
                                               {"Pi", 0, 5}}};
constexpr std::size_t kMaxCharacters = 64;  // ample: an int64 has at most 19 digits
constexpr int kMaxExponent = 99;
constexpr int kSmallestExponent = -3;  // the API server stores resource amounts in thousandths
const char* const kMaxBinary = "9223372036854775807";  // 2^63 - 1, the maximum with "Ki" to "Ei"

using base::is_digit;

// Moves a number such as "12.50" from the front of `rest` into digits and exponent. Returns false
// when `rest` does not begin with a number.
bool take_number(std::string_view& rest, Parsed& parsed) {
  bool any = false;
  bool fraction = false;
  while (!rest.empty() && (is_digit(rest.front()) || (rest.front() == '.' && !fraction))) {
    if (rest.front() == '.') {
      fraction = true;
    } else {
      any = true;
      if (!parsed.digits.empty() || rest.front() != '0') parsed.digits += rest.front();
      if (fraction) --parsed.exponent;
    }
    rest.remove_prefix(1);
  }
  return any;
}

// Parses a decimal exponent: "e3", "E-3". Returns nothing if the text is not one, such as "E"
// alone, which is the suffix exa in kSuffixes.
std::optional<int> decimal_exponent(std::string_view text) {
  if (text.size() < 2 || (text.front() != 'e' && text.front() != 'E')) return std::nullopt;
  text.remove_prefix(1);
  const bool negative = text.front() == '-';
  if (text.front() == '-' || text.front() == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  int value = 0;
  for (const char character : text) {
    if (!is_digit(character) || value > kMaxExponent) return std::nullopt;
    value = value * 10 + (character - '0');
  }
  return negative ? -value : value;
}

std::optional<Parsed> parse(std::string_view text) {
  Parsed parsed;
  if (text.size() > kMaxCharacters) return std::nullopt;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    parsed.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (!take_number(text, parsed)) return std::nullopt;
  if (const auto exponent = decimal_exponent(text)) {
    parsed.exponent += *exponent;
    return parsed;
  }
  if (text == "Ei") {
    parsed.binary = 6;
    return parsed;
  }
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text == text) {
      parsed.exponent += suffix.exponent;
      parsed.binary = suffix.binary;
      return parsed;
    }
  }
  return std::nullopt;
}

// Returns the decimal digits of digits * 1024^binary, least significant first, without leading
// zeros.
std::string digits_of(const Parsed& parsed) {
  std::string digits(parsed.digits.rbegin(), parsed.digits.rend());
  for (int i = 0; i < parsed.binary; ++i) {
    int carry = 0;
    for (char& digit : digits) {
      carry += (digit - '0') * 1024;
      digit = static_cast<char>('0' + carry % 10);
      carry /= 10;
    }
    for (; carry > 0; carry /= 10) digits += static_cast<char>('0' + carry % 10);
  }
  return digits;
}

// Compares the absolute values of a and b, digit by digit after bringing both to one exponent.
std::strong_ordering compare_magnitude(const Parsed& a, const Parsed& b) {
  std::string left = digits_of(a);
  std::string right = digits_of(b);
  if (left.empty() || right.empty()) return left.size() <=> right.size();
  const auto shift = [](std::string& digits, int by) {
    digits.insert(0, static_cast<std::size_t>(by), '0');
  };
  if (a.exponent > b.exponent) shift(left, a.exponent - b.exponent);
  if (b.exponent > a.exponent) shift(right, b.exponent - a.exponent);
  if (left.size() != right.size()) return left.size() <=> right.size();
  for (std::size_t i = left.size(); i-- > 0;) {
    if (left[i] != right[i]) return left[i] <=> right[i];
  }
  return std::strong_ordering::equal;
}

}  // namespace

std::optional<std::strong_ordering> compare(const Quantity& a, const Quantity& b) {
  const auto left = parse(a.text);
  const auto right = parse(b.text);
  if (!left || !right) return std::nullopt;
  const bool left_negative = left->negative && !left->digits.empty();
  const bool right_negative = right->negative && !right->digits.empty();
  if (left_negative != right_negative) {
    return left_negative ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return left_negative ? compare_magnitude(*right, *left) : compare_magnitude(*left, *right);
}

bool is_less(const Quantity& a, const Quantity& b) {
  const auto order = compare(a, b);
  return order && *order == std::strong_ordering::less;
}

Quantity rounded_up(const Quantity& quantity) {
  const auto parsed = parse(quantity.text);
  if (!parsed || parsed->negative) return quantity;
  if (parsed->binary > 0 && compare_magnitude(*parsed, Parsed{false, kMaxBinary, 0, 0}) > 0) {
    return {kMaxBinary};
  }
  if (parsed->exponent >= kSmallestExponent) return quantity;
  std::string digits = digits_of(*parsed);  // the least significant first
  const auto cut = std::min<std::size_t>(
      static_cast<std::size_t>(kSmallestExponent - parsed->exponent), digits.size());
  const bool has_rest = digits.find_first_not_of('0') < cut;
  digits.erase(0, cut);
  for (std::size_t i = 0; has_rest; ++i) {
    if (i == digits.size()) digits += '0';
    if (++digits[i] <= '9') break;
    digits[i] = '0';
  }
  if (digits.empty()) digits = "0";
  return {std::string(digits.rbegin(), digits.rend()) + "m"};
}

bool is_quantity(std::string_view text) { return parse(text).has_value(); }

}  // namespace api

namespace json {

bool Leaf<api::Quantity>::read(View view, api::Quantity& out) {
  switch (view.kind()) {
    case Kind::kString: out.text = view.string(); return true;
    case Kind::kInteger: out.text = std::to_string(view.integer()); return true;
    case Kind::kNumber: out.text = canonical(view); return true;
    default: return false;
  }
}

bool Leaf<api::Quantity>::same(const api::Quantity& wanted, const api::Quantity& actual) {
  if (wanted == actual) return true;
  const auto order = api::compare(api::rounded_up(wanted), api::rounded_up(actual));
  return order && *order == std::strong_ordering::equal;
}

bool Leaf<api::IntOrString>::read(View view, api::IntOrString& out) {
  out = {};
  if (view.kind() == Kind::kString) {
    out.text = view.string();
    return true;
  }
  return Leaf<int>::read(view, out.number);
}

void Leaf<api::IntOrString>::write(Writer& writer, const api::IntOrString& value) {
  if (value.text.empty()) {
    writer.integer(value.number);
  } else {
    writer.string(value.text);
  }
}

}  // namespace json
