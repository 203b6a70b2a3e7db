#include "cli/grammar/completion.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/cluster/names.h"
#include "cli/grammar/parser.h"

namespace cli {
namespace {

using Words = std::vector<std::string>;

// CommandLinePosition is the position in a command line after the words that are complete. It shows
// whether a command, a flag, an argument or the value of a flag comes next.
class CommandLinePosition {
 public:
  explicit CommandLinePosition(const CLI::App& root) : root_(root), app_(&root) {}

  void step(const std::string& word) {
    if (option_ != nullptr) {
      take(*option_, word);
      option_ = nullptr;
    } else if (word == "--") {
      is_after_dashes_ = true;
    } else if (word.size() > 1 && word.front() == '-') {
      step_flag(word);
    } else if (app_ != &root_) {
      ++positionals_;
    } else if (const CLI::App* command = find_command(word)) {
      app_ = command;
    } else {
      lost_ = true;
    }
  }

  // Returns the flag with this name: a flag of the command, else a flag of every command; null if
  // there is none.
  const CLI::Option* find_flag(const std::string& name) const {
    const CLI::Option* found = app_->get_option_no_throw(name);
    return found != nullptr ? found : root_.get_option_no_throw(name);
  }

  const CLI::Option* positional() const {
    const auto all =
        app_->get_options([](const CLI::Option* option) { return option->get_positional(); });
    if (all.empty()) return nullptr;
    if (positionals_ < all.size()) return all[positionals_];
    return all.back()->get_items_expected_max() > 1 ? all.back() : nullptr;
  }

  const CLI::App& root() const { return root_; }
  const CLI::App& app() const { return *app_; }
  // Returns the flag whose value comes next; null if no value of a flag comes next.
  const CLI::Option* option() const { return option_; }
  // Returns whether the next word comes after "--", as a word of the command to run.
  bool is_after_dashes() const { return is_after_dashes_; }
  // Returns whether the command is unknown, so that nothing can be completed.
  bool lost() const { return lost_; }
  const ClusterSelection& selection() const { return selection_; }

 private:
  void step_flag(const std::string& word) {
    const std::size_t equals = word.find('=');
    const CLI::Option* flag = find_flag(word.substr(0, equals));
    if (flag == nullptr || flag->get_items_expected_max() == 0) return;
    if (equals == std::string::npos) {
      option_ = flag;
    } else {
      take(*flag, word.substr(equals + 1));
    }
  }

  void take(const CLI::Option& flag, const std::string& value) {
    const std::string name = flag.get_lnames().empty() ? "" : flag.get_lnames().front();
    if (name == "kubeconfig") selection_.connection.kubeconfig = value;
    if (name == "context") selection_.connection.context = value;
    if (name == "namespace") selection_.connection.namespace_name = value;
    if (name == "registry") selection_.registry = resource_name(value);
  }

  const CLI::App* find_command(const std::string& word) const {
    for (const CLI::App* command : root_.get_subcommands({})) {
      if (command->get_name() == word) return command;
    }
    return nullptr;
  }

  const CLI::App& root_;
  const CLI::App* app_;
  const CLI::Option* option_ = nullptr;
  std::size_t positionals_ = 0;
  bool is_after_dashes_ = false;
  bool lost_ = false;
  ClusterSelection selection_;
};

Candidates values(const Parser& parser, const CLI::Option* option,
                  const ClusterSelection& selection, NameSource& names) {
  if (option == nullptr) return {};
  if (const Words words = parser.suggestions(option); !words.empty()) return {words};
  switch (parser.value_kind(option)) {
    case ValueKind::kRegistry: return {names.registries(selection)};
    case ValueKind::kImage:
    case ValueKind::kReference: return {names.images(selection)};
    case ValueKind::kContext: return {names.contexts(selection)};
    case ValueKind::kNamespace: return {names.namespaces(selection)};
    case ValueKind::kFile: return {{}, Directive::kFiles};
    case ValueKind::kFolder: return {{}, Directive::kFolders};
    case ValueKind::kNone: return {};
  }
  return {};
}

void add_flags(const CLI::App& app, Words& words) {
  for (const CLI::Option* option : app.get_options()) {
    if (!option->nonpositional() || option->get_group().empty()) continue;
    words.push_back(
        fmt::format("--{}\t{}", option->get_lnames().front(), option->get_description()));
  }
}

Candidates flags(const CommandLinePosition& position) {
  Candidates candidates;
  add_flags(position.app(), candidates.words);
  if (&position.app() == &position.root()) return candidates;
  for (const CLI::Option* option : position.root().get_options()) {
    if (option == position.root().get_help_ptr() || option->get_group().empty()) continue;
    candidates.words.push_back(
        fmt::format("--{}\t{}", option->get_lnames().front(), option->get_description()));
  }
  return candidates;
}

Candidates commands(const CLI::App& root) {
  Candidates candidates;
  for (const CLI::App* command : root.get_subcommands({})) {
    candidates.words.push_back(
        fmt::format("{}\t{}", command->get_name(), command->get_description()));
  }
  return candidates;
}

Candidates candidates_at(const Parser& parser, const CommandLinePosition& position,
                         const std::string& word, NameSource& names) {
  if (position.lost()) return {};
  if (position.is_after_dashes()) return {{}, Directive::kFiles};
  if (position.option() != nullptr)
    return values(parser, position.option(), position.selection(), names);
  const std::size_t equals = word.find('=');
  if (word.starts_with("--") && equals != std::string::npos) {
    Candidates candidates =
        values(parser, position.find_flag(word.substr(0, equals)), position.selection(), names);
    for (std::string& one : candidates.words) one.insert(0, word, 0, equals + 1);
    return candidates;
  }
  if (word.starts_with('-')) return flags(position);
  if (&position.app() == &position.root()) return commands(position.root());
  return values(parser, position.positional(), position.selection(), names);
}

}  // namespace

Candidates complete(const CommandTable& commands, const Words& words, NameSource& names) {
  const Parser parser(commands, "");
  CommandLinePosition position(parser.app());
  const std::string last = words.empty() ? "" : words.back();
  for (std::size_t i = 0; i + 1 < words.size(); ++i) position.step(words[i]);
  Candidates candidates = candidates_at(parser, position, last, names);
  const auto other = [&](const std::string& word) { return !word.starts_with(last); };
  candidates.words.erase(std::remove_if(candidates.words.begin(), candidates.words.end(), other),
                         candidates.words.end());
  return candidates;
}

std::string print(const Candidates& candidates) {
  std::string text;
  for (const std::string& word : candidates.words) text += word + "\n";
  return text + fmt::format(":{}\n", static_cast<int>(candidates.directive));
}

}  // namespace cli
