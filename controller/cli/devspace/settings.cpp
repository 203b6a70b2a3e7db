#include "cli/devspace/settings.h"

#include <fmt/core.h>

#include "base/environment.h"
#include "base/limits.h"
#include "base/text/quote.h"
#include "base/text/text.h"
#include "cli/rewriting/reference_template.h"

namespace cli {
namespace {

using base::is_one_of;
using devspace::Setting;

constexpr std::string_view kTooLong = "the value is too long";
constexpr int kVariableDepth = 8;  // maximum nesting of variables in values of variables
constexpr std::size_t kReplacements = 10'000;  // maximum number of replaced variables in a file

// DevSpace sets these variables itself, regardless of the environment.
constexpr std::string_view kPredefined[] = {
    "DEVSPACE_NAME",      "DEVSPACE_EXECUTABLE", "DEVSPACE_KUBECTL_EXECUTABLE",
    "DEVSPACE_TMPDIR",    "DEVSPACE_VERSION",    "DEVSPACE_RANDOM",
    "DEVSPACE_PROFILE",   "DEVSPACE_PROFILES",   "DEVSPACE_USER_HOME",
    "DEVSPACE_TIMESTAMP", "DEVSPACE_GIT_BRANCH", "DEVSPACE_GIT_COMMIT",
    "DEVSPACE_CONTEXT",   "DEVSPACE_NAMESPACE"};

// Returns the offset of the first "${" or "$!{"; npos if there is none. Reads the text only up to
// this offset, so that finding all variables of a text takes linear time.
std::size_t find_variable(std::string_view text) {
  std::size_t at = text.find('$');
  while (at != std::string_view::npos) {
    const std::string_view rest = text.substr(at + 1);
    if (rest.starts_with('{') || rest.starts_with("!{")) return at;
    at = text.find('$', at + 1);
  }
  return at;
}

}  // namespace

// Returns the value or the default value of a variable as text; nullopt if the file has none.
// `path`: its path in the file, such as "vars.NAME.value". In an integer field, DevSpace replaces
// the variable by the number in decimal notation: 0x10 becomes 16.
std::optional<std::string> SettingReader::text_of(const std::optional<std::string>& value,
                                                  const std::string& path) const {
  const std::string* const written = path.empty() ? nullptr : positions_.written(path);
  if (written != nullptr && in_integer_) {
    if (const auto number = devspace::integer_of_yaml(*written)) return std::to_string(*number);
  }
  if (!value && written != nullptr) return *written;
  return value;
}

// Returns the value of a variable; nullopt if it is unknown. The order of precedence is that of
// DevSpace: the command line, predefined variables, the value in the file, the environment, the
// default value.
std::optional<std::string> SettingReader::variable(const std::string& name,
                                                   std::string& why) const {
  if (const auto found = options_.variables.find(name); found != options_.variables.end()) {
    return found->second;
  }
  const std::string shown = base::shown(name);
  const std::string remedy = fmt::format("give it with --var {}=VALUE", shown);
  if (is_one_of(name, kPredefined) || name.starts_with("devspace.") ||
      name.starts_with("runtime.")) {
    why = fmt::format("only DevSpace knows the value of ${{{}}}: {}", shown, remedy);
    return std::nullopt;
  }
  const auto found = variables_.by_name.find(name);
  const devspace::Variable variable =
      found == variables_.by_name.end() ? devspace::Variable{} : found->second;
  if (auto value = text_of(variable.value, variable.value_path)) return value;
  if (variable.has_command) {
    why = fmt::format("only DevSpace runs the command of ${{{}}}: {}", shown, remedy);
    return std::nullopt;
  }
  const bool from_environment =
      variable.source.empty() || variable.source == "all" || variable.source == "env";
  if (from_environment) {
    std::string value = base::variable(options_.environment, name);
    if (!value.empty()) return value;
  }
  if (auto value = text_of(variable.default_value, variable.default_path)) return value;
  why = fmt::format("the value of ${{{}}} is not in the file{}: {}", shown,
                    from_environment ? " or the environment" : "", remedy);
  return std::nullopt;
}

bool SettingReader::is_password(const std::string& name) const {
  const auto found = variables_.by_name.find(name);
  return found != variables_.by_name.end() && found->second.is_password;
}

// Returns the value of a variable, with the variables in it replaced. Bounds the number of
// replacements, which is exponential if variables contain each other several times.
std::optional<std::string> SettingReader::replacement(const std::string& name, int depth,
                                                      std::string& why) {
  if (depth == 0) {
    why = fmt::format("the value of ${{{}}} refers to itself, or to too many other variables",
                      base::shown(name));
    return std::nullopt;
  }
  if (++replacements_ > kReplacements) {
    why =
        fmt::format("replacing the variables of the file takes more than {} steps", kReplacements);
    return std::nullopt;
  }
  const auto value = variable(name, why);
  if (!value) return std::nullopt;
  replaced_bytes_ += value->size();
  if (replaced_bytes_ > limits::kYamlExpandedBytes) {
    why = kTooLong;
    return std::nullopt;
  }
  if (!is_password(name)) return replace(*value, depth - 1, why);
  ++passwords_;
  auto result = replace(*value, depth - 1, why);
  // The reason is replaced, because it may quote the value or name a variable in it.
  if (!result) {
    why = fmt::format(
        "the value of ${{{}}} contains a variable or an expression that cannot be replaced; the "
        "value is not shown, because the variable has `password: true`",
        base::shown(name));
  }
  return result;
}

std::optional<std::string> SettingReader::replace(std::string_view text, int depth,
                                                  std::string& why) {
  std::string result;
  const std::size_t passwords = passwords_;
  while (!text.empty()) {
    const std::size_t begin = find_variable(text);
    if (begin == std::string_view::npos) break;
    const std::size_t open = text.find('{', begin) + 1;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) break;
    const auto inner =
        replacement(std::string(base::trimmed(text.substr(open, close - open), " \t")), depth, why);
    if (!inner) return std::nullopt;
    result += text.substr(0, begin);
    result += *inner;
    text.remove_prefix(close + 1);
    if (result.size() > limits::kYamlBytes) {
      why = kTooLong;
      return std::nullopt;
    }
  }
  result += text;
  if (!devspace::is_expression(result)) return result;
  const std::string quoted = fmt::format("\"{}\"", base::shown(result));
  why = fmt::format("{} is an expression that only DevSpace can evaluate",
                    passwords_ == passwords ? std::string_view(quoted) : kHiddenValue);
  return std::nullopt;
}

std::optional<std::string> SettingReader::resolve(const std::string& path,
                                                  std::string_view expression,
                                                  std::string_view left_out) {
  std::string why;
  const std::size_t passwords = passwords_;
  auto result = replace(expression, kVariableDepth, why);
  if (passwords_ != passwords) report_.hide(path);
  if (!result) report_.note(path, fmt::format("{}, because {}", left_out, why));
  return result;
}

std::optional<std::string> SettingReader::text(const std::string& path,
                                               const Setting<std::string>& setting) {
  if (setting.is_written) return *positions_.written(path);
  if (setting.expression.empty()) return setting.value;
  return resolve(path, setting.expression);
}

std::optional<bool> SettingReader::boolean(const std::string& path, const Setting<bool>& setting) {
  if (setting.expression.empty()) return setting.value;
  const auto value = resolve(path, setting.expression);
  if (!value) return std::nullopt;
  const auto boolean = json::boolean_of(*value);
  if (!boolean) {
    report_.fail(path,
                 fmt::format("expected true or false, found {}", report_.shown(path, *value)));
  }
  return boolean.value_or(false);
}

std::optional<std::int64_t> SettingReader::number(const std::string& path,
                                                  const Setting<int>& setting) {
  if (!setting.given()) return std::nullopt;
  std::optional<std::int64_t> result;
  std::string found = "a string";
  if (setting.is_written) {
    if (const std::string* const written = positions_.written(path)) {
      result = devspace::integer_of_yaml(*written);
      found = report_.shown(path, *written);
    }
  } else {
    in_integer_ = true;
    const auto value = resolve(path, setting.expression);
    in_integer_ = false;
    if (!value) return std::nullopt;
    result = devspace::integer_of_text(*value);
    found = report_.shown(path, *value);
  }
  if (!result) report_.fail(path, "expected an integer, found " + found);
  return result;
}

std::optional<std::string> SettingReader::image(const std::string& path,
                                                const Setting<std::string>& setting) {
  const std::string& expression = setting.expression;
  const auto parsed = parse_template(expression);
  if (!parsed || parsed->repository == expression.size()) return text(path, setting);
  auto image = resolve(path, expression.substr(0, parsed->repository));
  if (!image) return std::nullopt;
  const auto tag = resolve(path, expression.substr(parsed->repository), "its tag is left out");
  return *image + tag.value_or("");
}

}  // namespace cli
