// This file explains the fields of a devspace.yaml that have no counterpart in a LocalRegistry.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/devspace/import_report.h"

namespace cli {

// This command of DevSpace converts a file to the newest version and applies its profiles and
// imports.
inline constexpr std::string_view kDevSpacePrint = "`devspace print`";

// Adds a note for each path of `unknown`, which says what to do instead. Sections that never belong
// into a LocalRegistry share one note.
void explain_unknown_fields(const std::vector<std::string>& unknown, ImportReport& report);

}  // namespace cli
