// This file parses references that contain variables of a shell, Compose, DevSpace or Helm:
// "ghcr.io/org/app:${TAG:-dev}", "{{ .Values.registry }}/app". The functions are pure and can be
// called on any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cli {

struct ReferenceTemplate {
  // Length of the value before its tag or digest, in bytes.
  std::size_t repository = 0;
  // The repository with '*' for each variable; empty if the repository has no variable.
  std::string pattern;
};

// Parses a value. Returns nullopt if it has no variable, or if it cannot be a reference, whatever
// the values of its variables are.
std::optional<ReferenceTemplate> parse_template(std::string_view value);

// Returns whether the repository matches the pattern. A '*' in the pattern stands for any text. The
// time is proportional to the product of both lengths.
bool matches_pattern(std::string_view pattern, std::string_view repository);

}  // namespace cli
