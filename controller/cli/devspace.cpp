#include "cli/devspace.h"

namespace cli::devspace {

bool is_expression(std::string_view text) {
  for (const std::string_view begin : {"${", "$!{", "$(", "$!("}) {
    if (text.find(begin) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace cli::devspace

namespace json {
namespace {

std::optional<std::string> scalar_text(View view) {
  switch (view.kind()) {
    case Kind::kString: return std::string(view.string());
    case Kind::kBool: return std::string(view.boolean() ? "true" : "false");
    default: return std::nullopt;
  }
}

}  // namespace

// NAME: value, or NAME: {value: value}. Numbers are not taken here: who has the file takes them as
// they are written. What is asked for, or computed by a command, is no value.
bool Leaf<cli::devspace::Variable>::read(View view, Variable& out) {
  out.value = scalar_text(view);
  if (const auto value = view.find("value")) out.value = scalar_text(*value);
  return true;
}

}  // namespace json
