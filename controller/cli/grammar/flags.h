// Flags adds the flags and arguments of one command to the grammar of the command line, and binds
// each to the variable that receives its value. For completion it records which values a flag
// accepts. Values are converted only after the whole command line is parsed, so that an unknown
// flag is reported before a wrong value. A Flags object has one owner and is used on one thread.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/terminal/outcome.h"
#include "cli/terminal/output.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace cli {

// ValueKind is the kind of value that a flag or argument takes. Completion uses it.
enum class ValueKind {
  kNone,
  kRegistry,
  kImage,      // the name of a declared image
  kReference,  // an image reference, or the name of a declared image
  kContext,
  kNamespace,
  kFile,
  kFolder
};

struct Flag {
  const char* names;  // "-o,--output", or "FILE" for an argument
  std::string description = {};
  const char* type = nullptr;  // what --help shows for the value: "NAME"
  ValueKind kind = ValueKind::kNone;
  bool is_required = false;
  std::vector<std::string> suggestions = {};  // candidates of completion
};

class Flags {
 public:
  using Words = std::vector<std::string>;
  using Convert = std::function<Outcome<>(const std::string&)>;

  // `app`: the command, or the program for the flags of every command; must outlive the object.
  explicit Flags(CLI::App& app) : app_(app) {}
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  // These functions add a flag or argument. The variable is unchanged if the user does not give the
  // flag.
  void add(const Flag& flag, std::string& value);
  void add(const Flag& flag, bool& value);    // a flag without a value
  void add(const Flag& flag, Words& values);  // a flag that may be repeated
  // Adds a flag that may be repeated, each time with NAME=VALUE. The last VALUE of a NAME counts.
  void add(const Flag& flag, std::map<std::string, std::string>& values);

  // Adds a flag whose value `convert` checks and stores. `convert` gets "" if the user does not
  // give the flag, and returns kUsage if the value is wrong.
  void add_converted(const Flag& flag, Convert convert);

  // Adds a flag for a duration such as "3m". `usual`: the default value, in the same form.
  void add_duration(const Flag& flag, std::chrono::milliseconds& value, const std::string& usual);

  // Adds a flag whose value must be one of `words`. The parser refuses other values.
  template <class T>
  void add_choice(const Flag& flag, T& value, const std::vector<std::pair<std::string, T>>& words) {
    Words names;
    for (const auto& [name, meaning] : words) names.push_back(name);
    add_word(flag, names, [&value, words](std::size_t index) { value = words[index].second; });
  }

  // Adds -o with json, yaml and name. `usual`: what the command prints without -o; the description
  // of the flag names it.
  void add_output(Output& output, const std::string& usual);

  // Adds --registry, which names a LocalRegistry; "lreg/dev" is accepted as "dev".
  void add_registry(std::string& registry);

  // Adds --registry, and an argument NAME with the same meaning. The user may give only one of
  // them.
  void add_name(std::string& registry);

  // Stores all words after "--" in `words`, even if they look like flags.
  void add_words_after_dashes(Words& words) { after_dashes_ = &words; }

  // Converts and stores the values, in the order in which the flags were added. Returns the first
  // failure.
  Outcome<> convert() const;

  // Returns the variable for the words after "--"; null if the command takes none.
  Words* words_after_dashes() const { return after_dashes_; }
  // Returns the words that an option accepts; empty: any word.
  Words suggestions(const CLI::Option* option) const;
  ValueKind value_kind(const CLI::Option* option) const;

 private:
  CLI::Option* note(CLI::Option* option, const Flag& flag);
  CLI::Option* registry_flag(std::string& registry);
  void add_word(const Flag& flag, const Words& words, std::function<void(std::size_t)> choose);

  CLI::App& app_;
  // The values as the user typed them, which convert() converts.
  std::deque<std::string> typed_;
  std::deque<Words> typed_lists_;
  std::vector<std::function<Outcome<>()>> conversions_;
  std::map<const CLI::Option*, Words> suggestions_;
  std::map<const CLI::Option*, ValueKind> value_kinds_;
  Words* after_dashes_ = nullptr;
};

// Returns the Failure for a wrong flag or argument.
Failure usage_failure(std::string message);

}  // namespace cli
