// This file examines one value of a text: whether it is an image reference, of which parts it
// consists, and which repository it contains. The functions are pure and can be called on any
// thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace cli {

// Returns whether the value contains a variable: "$" or "{{".
bool has_variable(std::string_view value);

bool has_slash(std::string_view value);

// ReferenceParts records which parts a reference has besides its path.
struct ReferenceParts {
  bool host = false;
  bool tag = false;  // or a digest
};

// Returns the parts of a reference; nullopt if the text is not a reference.
std::optional<ReferenceParts> parts_of(std::string_view text);

// Returns the value of a key such as registry without the slashes at its end.
std::string_view without_slashes(std::string_view registry);

// Returns all spellings of a canonical repository: "docker.io/library/alpine" may be written
// "library/alpine" or "alpine".
std::vector<std::string_view> spellings(std::string_view repository);

// Returns the first spelling of the repository that the text contains; empty if there is none. A
// spelling without a registry is a path like many others, so it counts only with a tag or a digest,
// and a single word such as "alpine" never counts.
std::string_view spelling_in(std::string_view text, std::string_view repository);

// Returns whether a value may be image:tag as well as host:port, such as "backend:8080".
bool may_be_an_address(std::string_view value);

}  // namespace cli
