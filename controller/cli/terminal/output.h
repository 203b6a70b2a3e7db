// This file formats what the commands print: tables, ages, quoted words. The functions are pure and
// can be called on any thread.
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

// Console holds the streams that a command writes to. If `err_is_terminal`, a progress bar is shown
// on `err`. main() or a test owns the Console.
struct Console {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;
};

// Formats rows as a table; the first row may have headings. Columns are three spaces apart, as in
// kubectl. "?" replaces each character that is not printable.
std::string table(const std::vector<std::vector<std::string>>& rows);

// Formats a duration as in kubectl's column AGE: "45s", "5m30s", "3h", "12d".
std::string age(std::chrono::seconds duration);

// Quotes the text as one word of a shell: '…'.
std::string shell_quoted(std::string_view text);

// Formats an object for -o json or -o yaml, without metadata.managedFields.
std::string print_object(json::View object, Output output);

// Formats a text, which must be valid JSON, as print_object() formats an object.
std::string print_text(std::string text, Output output);

}  // namespace cli
