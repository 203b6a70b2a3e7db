// These functions rewrite a text for a test, with a rewriter that knows three images. One thread.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "cli/rewriting/rewrite.h"

namespace cli {

inline api::ImageRewriter rewriter() {
  std::vector<api::RewriteTarget> targets;
  for (const char* image : {"ghcr.io/org/project/image", "backend", "org/frontend"}) {
    targets.push_back({api::parse_image_reference(image).value(), "localhost:31234"});
  }
  return api::ImageRewriter(targets);
}

// Returns the rewritten text, or the error. Expects that nothing is written before an error.
inline std::string rewritten(const std::string& text) {
  json::TextSource source(text);
  std::ostringstream output;
  const auto result = rewrite_text(source, rewriter(), output);
  if (result) return output.str();
  EXPECT_EQ(output.str(), "");
  return to_string(result.error());
}

// Returns the warnings, one per line.
inline std::string warnings(const std::string& text) {
  json::TextSource source(text);
  std::ostringstream output;
  const auto report = rewrite_text(source, rewriter(), output);
  if (!report) return to_string(report.error());
  std::string lines;
  for (const auto& warning : report->warnings) {
    lines += std::to_string(warning.line) + ": " + warning.message + "\n";
  }
  return lines;
}

}  // namespace cli
