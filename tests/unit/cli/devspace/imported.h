// These functions import the text of a devspace.yaml for a test. One thread.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "cli/devspace/import.h"
#include "cli/terminal/output.h"
#include "json/value.h"

namespace cli {

inline std::string yaml_of(const Imported& imported) {
  return print_object(json::Document::parse(imported.manifest)->root(), Output::kYaml);
}

inline std::string lines(const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& note : notes) text += note + "\n";
  return text;
}

inline Outcome<Imported> import(const std::string& yaml, ImportOptions options = {}) {
  return import_devspace(yaml, options);
}

inline std::string failure(const std::string& yaml, ImportOptions options = {}) {
  const auto imported = import(yaml, std::move(options));
  if (imported) return "accepted";
  EXPECT_EQ(imported.error().code, ExitCode::kFailure);
  return imported.error().message;
}

}  // namespace cli
