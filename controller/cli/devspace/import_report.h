// ImportReport collects what one import reports: notes, and the first failure. Each of these
// messages begins with its position in the file. The object has one owner and is used on one
// thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal/outcome.h"
#include "json/text/yaml.h"

namespace cli {

// Messages show this text instead of a value that contains a variable with `password: true`.
inline constexpr std::string_view kHiddenValue =
    "a value that is not shown (it contains a variable with `password: true`)";

class ImportReport {
 public:
  // `file`: its name in messages. `positions` must outlive the object.
  ImportReport(std::string file, const json::Positions& positions)
      : file_(std::move(file)), positions_(positions) {}

  // Adds a note about the field at `path`: what is not carried over, and what to do about it.
  void note(const std::string& path, const std::string& message);
  // Adds a note about the whole file.
  void note(const std::string& message);
  // Records why the import fails. Only the first failure is kept.
  void fail(const std::string& path, const std::string& message);

  // Makes shown() hide the text of the field.
  void hide(const std::string& path) { hidden_.insert(path); }
  bool is_hidden(const std::string& path) const { return hidden_.contains(path); }
  // Returns the text of the field for a message: in quotes, or kHiddenValue.
  std::string shown(const std::string& path, std::string_view text) const;

  const std::optional<Failure>& failure() const { return failure_; }
  std::vector<std::string> notes() && { return std::move(notes_); }

 private:
  // Returns the message after its position: FILE:LINE:COLUMN: PATH: MESSAGE.
  std::string placed(const std::string& path, const std::string& message) const;

  const std::string file_;
  const json::Positions& positions_;
  std::vector<std::string> notes_;
  std::optional<Failure> failure_;
  std::set<std::string> hidden_;  // paths of the fields
};

}  // namespace cli
