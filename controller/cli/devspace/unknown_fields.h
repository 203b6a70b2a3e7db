// This file explains the fields of a devspace.yaml that have no counterpart in a LocalRegistry. The
// function is pure and can be called on any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/devspace/import_report.h"

namespace cli {

// This command of DevSpace prints a devspace.yaml in the newest version, with its profiles and
// imports applied.
inline constexpr std::string_view kDevSpacePrint = "`devspace print`";

// Adds a note for each path in `unknown`. The note says what the user can do instead. Sections that
// a LocalRegistry never needs share one note. `unknown`: paths of fields that devspace::File does
// not have.
void explain_unknown_fields(const std::vector<std::string>& unknown, ImportReport& report);

}  // namespace cli
