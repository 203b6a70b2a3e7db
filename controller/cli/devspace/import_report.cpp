#include "cli/devspace/import_report.h"

#include <fmt/core.h>

#include "base/text/quote.h"

namespace cli {

std::string ImportReport::placed(const std::string& path, const std::string& message) const {
  const json::Position position = positions_.find(path);
  return fmt::format("{}:{}:{}: {}: {}", file_, position.line, position.column,
                     base::shown_path(path), message);
}

std::string ImportReport::shown(const std::string& path, std::string_view text) const {
  if (is_hidden(path)) return std::string(kHiddenValue);
  return fmt::format("\"{}\"", base::shown(text));
}

void ImportReport::note(const std::string& path, const std::string& message) {
  notes_.push_back(placed(path, message));
}

void ImportReport::note(const std::string& message) {
  notes_.push_back(fmt::format("{}: {}", file_, message));
}

void ImportReport::fail(const std::string& path, const std::string& message) {
  if (failure_) return;
  failure_ = Failure{ExitCode::kFailure, placed(path, message)};
}

}  // namespace cli
