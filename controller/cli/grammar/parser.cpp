#include "cli/grammar/parser.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "base/text/dns_name.h"
#include "base/text/quote.h"
#include "cli/cluster/names.h"
#include "cli/terminal/duration.h"

namespace cli {
namespace {

constexpr std::string_view kDashes = "--";  // words after it are not flags

std::vector<CommandHelp> help_of(const CommandTable& commands) {
  std::vector<CommandHelp> result;
  for (const CommandEntry& entry : commands) result.push_back(entry.help);
  return result;
}

}  // namespace

Parser::Parser(const CommandTable& commands, std::string version) : version_(std::move(version)) {
  app_.formatter(make_help_formatter(help_of(commands)));
  app_.set_help_flag("-h,--help", "Print this help and exit");
  app_.require_subcommand(0, 1);
  declare_connection();
  for (const CommandEntry& entry : commands) declare(entry);
}

void Parser::declare(const CommandEntry& entry) {
  CLI::App* app =
      app_.add_subcommand(std::string(entry.help.name), std::string(entry.help.summary));
  app->fallthrough();
  Declared& declared = commands_.emplace_back(*app, entry.make());
  declared.command->declare(declared.flags);
}

void Parser::declare_connection() {
  app_.add_flag("--version", print_version_, "Print the version and exit")->group("");
  common_.add({.names = "--kubeconfig",
               .description = "Kubeconfig (default: $KUBECONFIG or ~/.kube/config)",
               .type = "FILE",
               .kind = ValueKind::kFile},
              connection_.kubeconfig);
  common_.add({.names = "--context",
               .description = "Kubeconfig context (default: its current-context)",
               .type = "NAME",
               .kind = ValueKind::kContext},
              connection_.context);
  common_.add({.names = "-n,--namespace",
               .description = "Namespace (default: the namespace of the context)",
               .type = "NAME",
               .kind = ValueKind::kNamespace},
              connection_.namespace_name);
  common_.add_converted(
      {.names = "--request-timeout",
       .description = "Timeout per API request, 0 for none (default 30s)",
       .type = "TIME"},
      [this](const std::string& word) -> Outcome<> {
        if (word.empty()) return {};
        const auto timeout = parse_duration(word);
        if (!timeout) {
          return usage_failure(fmt::format("--request-timeout: {}", timeout.error().message));
        }
        connection_.request_timeout = timeout->count() == 0 ? limits::kMaxFlagDuration : *timeout;
        return {};
      });
}

std::vector<std::string> Parser::suggestions(const CLI::Option* option) const {
  for (const Declared& one : commands_) {
    if (Words words = one.flags.suggestions(option); !words.empty()) return words;
  }
  return common_.suggestions(option);
}

ValueKind Parser::value_kind(const CLI::Option* option) const {
  for (const Declared& one : commands_) {
    if (const ValueKind kind = one.flags.value_kind(option); kind != ValueKind::kNone) return kind;
  }
  return common_.value_kind(option);
}

// If the command takes the words after "--", removes "--" and these words from `words` and returns
// them. Otherwise returns no words.
std::vector<std::string> Parser::take_words_after_dashes(Words& words) const {
  const auto marker = std::find(words.begin(), words.end(), kDashes);
  const bool is_taken = marker != words.end() &&
                        std::any_of(commands_.begin(), commands_.end(), [&](const Declared& one) {
                          return one.flags.words_after_dashes() != nullptr &&
                                 std::find(words.begin(), marker, one.app.get_name()) != marker;
                        });
  if (!is_taken) return {};
  Words taken(marker + 1, words.end());
  words.erase(marker, words.end());
  return taken;
}

// Returns the command that the command line names; null if it names none.
Parser::Declared* Parser::chosen() {
  const auto apps = app_.get_subcommands();
  for (Declared& one : commands_) {
    if (!apps.empty() && &one.app == apps.front()) return &one;
  }
  return nullptr;
}

// Converts an error of CLI11 to one line that ends with the --help command to run.
Failure Parser::explain(const CLI::ParseError& error) {
  const Declared* const command = chosen();
  std::string message = base::reported(error.what());
  const Words extras = app_.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !extras.empty()) {
    const bool is_flag = extras.front().starts_with('-');
    const std::string what = is_flag ? "flag" : command == nullptr ? "command" : "argument";
    message = fmt::format("unknown {} {}", what, base::shown(extras.front()));
    if (!is_flag && command != nullptr && command->flags.words_after_dashes() != nullptr) {
      message += ": put `--` before the command";
    }
  }
  return usage_failure(fmt::format("{}: see `{}{} --help`", message, kProgram,
                                   command == nullptr ? "" : " " + command->app.get_name()));
}

Outcome<> Parser::check_connection() const {
  const std::string& namespace_name = connection_.namespace_name;
  if (namespace_name.empty() || base::is_dns_label(namespace_name)) return {};
  return usage_failure(
      fmt::format("--namespace: {} is not the name of a namespace: use lower case "
                  "letters, digits and -, such as team-a",
                  base::quoted(namespace_name)));
}

Outcome<CommandLine> Parser::parse(Words words) {
  const Words after_dashes = take_words_after_dashes(words);
  std::reverse(words.begin(), words.end());  // the order that CLI11 requires
  CommandLine line;
  try {
    app_.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    line.print = app_.help();
    return line;
  } catch (const CLI::ParseError& error) {
    return explain(error);
  }
  if (print_version_) {
    line.print = fmt::format("kubectl-localregistry {}\n", version_);
    return line;
  }
  Declared* const command = chosen();
  if (command == nullptr) {
    line.print = app_.help();
    return line;
  }
  if (const auto converted = common_.convert(); !converted) return converted.error();
  if (const auto checked = check_connection(); !checked) return checked.error();
  if (const auto converted = command->flags.convert(); !converted) return converted.error();
  if (Words* const taken = command->flags.words_after_dashes()) *taken = after_dashes;
  if (const auto checked = command->command->check(); !checked) return checked.error();
  line.connection = connection_;
  line.command = std::move(command->command);
  return line;
}

}  // namespace cli
