#include "cli/grammar/flags.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text/quote.h"
#include "cli/cluster/names.h"
#include "cli/terminal/duration.h"

namespace cli {

Failure usage_failure(std::string message) { return {ExitCode::kUsage, std::move(message)}; }

CLI::Option* Flags::note(CLI::Option* option, const Flag& flag) {
  if (flag.type != nullptr) option->type_name(flag.type);
  option->required(flag.is_required);
  if (flag.kind != ValueKind::kNone) value_kinds_[option] = flag.kind;
  if (!flag.suggestions.empty()) suggestions_[option] = flag.suggestions;
  return option;
}

void Flags::add(const Flag& flag, std::string& value) {
  note(app_.add_option(flag.names, value, flag.description), flag);
}

void Flags::add(const Flag& flag, bool& value) {
  note(app_.add_flag(flag.names, value, flag.description), flag);
}

void Flags::add(const Flag& flag, Words& values) {
  CLI::Option* option = note(app_.add_option(flag.names, values, flag.description), flag);
  if (!option->get_positional()) option->allow_extra_args(false);
}

void Flags::add(const Flag& flag, std::map<std::string, std::string>& values) {
  Words& typed = typed_lists_.emplace_back();
  add(flag, typed);
  conversions_.push_back([&typed, &values, name = std::string(flag.names)]() -> Outcome<> {
    for (const std::string& word : typed) {
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos || equals == 0) {
        return usage_failure(fmt::format("{}: {} is not NAME=VALUE", name, base::quoted(word)));
      }
      values.insert_or_assign(word.substr(0, equals), word.substr(equals + 1));
    }
    return {};
  });
}

void Flags::add_converted(const Flag& flag, Convert convert) {
  std::string& typed = typed_.emplace_back();
  add(flag, typed);
  conversions_.push_back([&typed, convert = std::move(convert)] { return convert(typed); });
}

void Flags::add_duration(const Flag& flag, std::chrono::milliseconds& value,
                         const std::string& usual) {
  const std::string name = flag.names;
  add_converted(flag, [&value, name, usual](const std::string& word) -> Outcome<> {
    const auto duration = parse_duration(word.empty() ? usual : word);
    if (!duration) return usage_failure(fmt::format("{}: {}", name, duration.error().message));
    value = *duration;
    return {};
  });
}

void Flags::add_word(const Flag& flag, const Words& words,
                     std::function<void(std::size_t)> choose) {
  const auto check = [words](const std::string& value) {
    if (std::find(words.begin(), words.end(), value) != words.end()) return std::string();
    return fmt::format("{} is not one of {}", base::quoted(value), fmt::join(words, ", "));
  };
  std::string& typed = typed_.emplace_back();
  CLI::Option* option = app_.add_option(flag.names, typed, flag.description)->check(check, "");
  note(option, flag);
  suggestions_[option] = words;
  conversions_.push_back([&typed, words, choose = std::move(choose)]() -> Outcome<> {
    const auto found = std::find(words.begin(), words.end(), typed);
    if (found != words.end()) choose(static_cast<std::size_t>(found - words.begin()));
    return {};
  });
}

void Flags::add_output(Output& output, const std::string& usual) {
  add_choice<Output>({.names = "-o,--output",
                      .description = fmt::format("Print json, yaml or name instead of {}", usual),
                      .type = "FORMAT"},
                     output,
                     {{"json", Output::kJson}, {"yaml", Output::kYaml}, {"name", Output::kName}});
}

CLI::Option* Flags::registry_flag(std::string& registry) {
  conversions_.push_back([&registry]() -> Outcome<> {
    registry = resource_name(registry);
    return {};
  });
  const Flag flag{.names = "--registry",
                  .description = "LocalRegistry to use, if the namespace has several",
                  .type = "NAME",
                  .kind = ValueKind::kRegistry};
  return note(app_.add_option(flag.names, registry, flag.description), flag);
}

void Flags::add_registry(std::string& registry) { registry_flag(registry); }

void Flags::add_name(std::string& registry) {
  CLI::Option* flag = registry_flag(registry);
  CLI::Option* name =
      note(app_.add_option("NAME", registry), {.names = "NAME", .kind = ValueKind::kRegistry});
  flag->excludes(name);
}

Outcome<> Flags::convert() const {
  for (const auto& conversion : conversions_) {
    if (Outcome<> converted = conversion(); !converted) return converted;
  }
  return {};
}

std::vector<std::string> Flags::suggestions(const CLI::Option* option) const {
  const auto found = suggestions_.find(option);
  return found == suggestions_.end() ? Words() : found->second;
}

ValueKind Flags::value_kind(const CLI::Option* option) const {
  const auto found = value_kinds_.find(option);
  return found == value_kinds_.end() ? ValueKind::kNone : found->second;
}

}  // namespace cli
