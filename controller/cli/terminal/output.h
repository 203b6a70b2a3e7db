// This file formats what the commands print: tables, ages, quoted words. Pure; any thread.
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/text/quote.h"
#include "cli/terminal/outcome.h"
#include "json/value.h"

namespace cli {

using base::printable;

enum class Output { kPeople, kJson, kYaml, kName };

// Console holds the streams that a command writes to. `err_is_terminal`: progress is shown. One
// owner: main or a test.
struct Console {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;
};

// Formats rows of equal length, the first of which has the headings. Columns are three spaces
// apart, as in kubectl. "?" replaces each character that is not printable.
std::string table(const std::vector<std::vector<std::string>>& rows);

// Formats a duration as in kubectl's column AGE: "45s", "5m30s", "3h", "12d".
std::string age(std::chrono::seconds duration);

// Quotes the text as one word for a shell: '…'.
std::string shell_quoted(std::string_view text);

// Formats an object for -o json or -o yaml, without metadata.managedFields.
std::string print_object(json::View object, Output output);

// Does the same for a text, which must be valid JSON.
std::string print_text(std::string text, Output output);

}  // namespace cli
