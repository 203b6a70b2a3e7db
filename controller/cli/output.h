// What the commands print: tables, ages, quoted words. Pure; any thread.
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/quote.h"
#include "cli/outcome.h"
#include "json/value.h"

namespace cli {

using base::printable;

enum class Output { kPeople, kJson, kYaml, kName };

// Where a command writes. err_is_terminal: progress is shown. One owner, main or a test.
struct Console {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;
};

// Rows of equal length, the first of them the headings; columns as kubectl sets them, three spaces
// apart. What is no printable character is shown as "?".
std::string table(const std::vector<std::vector<std::string>>& rows);

// "45s", "5m30s", "3h", "12d": as in kubectl's AGE.
std::string age(std::chrono::seconds duration);

// As one word for a shell: '…'.
std::string shell_quoted(std::string_view text);

// An object as -o json or yaml asks for, without managedFields.
std::string print_object(json::View object, Output output);

// The same of a text that is JSON.
std::string print_text(std::string text, Output output);

}  // namespace cli
