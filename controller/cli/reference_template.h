// References with variables of a shell, Compose, DevSpace or Helm in them:
// "ghcr.io/org/app:${TAG:-dev}", "{{ .Values.registry }}/app". Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cli {

struct ReferenceTemplate {
  // Bytes of the value that are the repository: up to its tag or digest.
  std::size_t repository = 0;
  // The repository with '*' for each variable; empty when it has none.
  std::string pattern;
};

// Nothing: the value has no variable, or is no reference whatever its variables are.
std::optional<ReferenceTemplate> parse_template(std::string_view value);

// Whether some values of the variables make that repository of the pattern. Time is linear in the
// product of the lengths.
bool may_be(std::string_view pattern, std::string_view repository);

}  // namespace cli
