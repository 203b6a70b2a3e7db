#include "cli/devspace.h"

#include <fmt/core.h>

#include <algorithm>

namespace cli::devspace {

bool is_expression(std::string_view text) {
  for (const std::string_view begin : {"${", "$!{", "$(", "$!("}) {
    if (text.find(begin) != std::string_view::npos) return true;
  }
  return false;
}

std::optional<bool> boolean_word(std::string_view text) {
  constexpr std::string_view kTrue[] = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"};
  constexpr std::string_view kFalse[] = {"n", "N", "no", "No", "NO", "off", "Off", "OFF"};
  const auto is_one_of = [&](const auto& words) {
    return std::find(std::begin(words), std::end(words), text) != std::end(words);
  };
  if (is_one_of(kTrue)) return true;
  if (is_one_of(kFalse)) return false;
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

Variable variable_of(View view, std::string path) {
  Variable variable;
  variable.path = std::move(path);
  variable.value = string_of(view);
  if (view.kind() != Kind::kObject) return variable;
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
