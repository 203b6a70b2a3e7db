#include "cli/devspace/file.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>

#include "base/text/number.h"
#include "base/text/text.h"

namespace cli::devspace {
namespace {

using base::is_digit;

// Parses all of the text, which has no sign, as a number with this radix.
std::optional<std::int64_t> digits_of(std::string_view text, bool negative, int radix) {
  if (text.starts_with('-')) return std::nullopt;
  return base::whole_number<std::int64_t>((negative ? "-" : "") + std::string(text), radix);
}

// Parses a number such as "5e3". Returns nullopt if it has a fraction or is too large, or if the
// text is not a number.
std::optional<std::int64_t> whole_number(std::string_view text, bool negative) {
  constexpr double kExact = 1LL << 53;  // a double represents all integers up to this one
  if (text.empty() || !(is_digit(text.front()) || text.front() == '.')) return std::nullopt;
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  if (number > kExact || number != std::trunc(number)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? -number : number);
}

// Removes the sign from the text. Returns true for a minus.
bool take_sign(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return negative;
}

}  // namespace

std::optional<std::int64_t> integer_of_yaml(std::string_view text) {
  std::string plain(text);
  if (!text.starts_with('.')) std::erase(plain, '_');
  std::string_view rest = plain;
  const bool negative = take_sign(rest);
  constexpr std::pair<char, int> kBases[] = {{'x', 16}, {'o', 8}, {'b', 2}};
  for (const auto& [letter, base] : kBases) {
    if (rest.size() < 2 || rest[0] != '0' || (rest[1] | 0x20) != letter) continue;
    return digits_of(rest.substr(2), negative, base);
  }
  const bool octal = rest.size() > 1 && rest[0] == '0';
  if (const auto number = digits_of(rest, negative, octal ? 8 : 10)) return number;
  return whole_number(rest, negative);
}

std::optional<std::int64_t> integer_of_text(std::string_view text) {
  const bool negative = take_sign(text);
  return digits_of(text, negative, 10);
}

bool is_expression(std::string_view text) {
  for (const std::string_view begin : {"${", "$!{", "$(", "$!("}) {
    if (text.find(begin) != std::string_view::npos) return true;
  }
  return false;
}

std::optional<bool> boolean_word(std::string_view text) {
  constexpr std::string_view kTrue[] = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"};
  constexpr std::string_view kFalse[] = {"n", "N", "no", "No", "NO", "off", "Off", "OFF"};
  if (base::is_one_of(text, kTrue)) return true;
  if (base::is_one_of(text, kFalse)) return false;
  return std::nullopt;
}

}  // namespace cli::devspace

namespace json {
namespace {

using cli::devspace::Variable;

std::optional<std::string> string_of(std::optional<View> view) {
  if (!view || view->kind() != Kind::kString) return std::nullopt;
  return std::string(view->string());
}

bool is_password(std::optional<View> view) {
  if (!view || view->kind() == Kind::kNull) return false;
  if (view->kind() == Kind::kBool) return view->boolean();
  return cli::devspace::boolean_word(string_of(view).value_or("")).value_or(true);
}

Variable variable_of(View view, const std::string& path) {
  Variable variable;
  variable.value = string_of(view);
  variable.value_path = path;
  if (view.kind() != Kind::kObject) return variable;
  variable.value_path = path + ".value";
  variable.default_path = path + ".default";
  variable.value = string_of(view.find("value"));
  variable.default_value = string_of(view.find("default"));
  variable.source = string_of(view.find("source")).value_or("");
  variable.is_password = is_password(view.find("password"));
  variable.has_command = view.find("command") || view.find("commands");
  return variable;
}

}  // namespace

bool Leaf<cli::devspace::Variables>::read(View view, Variables& out) {
  if (view.kind() == Kind::kObject) {
    for (std::size_t i = 0; i < view.size(); ++i) {
      const Member member = view.member(i);
      out.by_name[std::string(member.name)] =
          variable_of(member.value, fmt::format("vars.{}", member.name));
    }
    return true;
  }
  if (view.kind() != Kind::kArray) return false;
  for (std::size_t i = 0; i < view.size(); ++i) {
    const View element = view.element(i);
    if (element.kind() != Kind::kObject) return false;
    const auto name = string_of(element.find("name"));
    if (name) out.by_name[*name] = variable_of(element, fmt::format("vars[{}]", i));
  }
  return true;
}

}  // namespace json
