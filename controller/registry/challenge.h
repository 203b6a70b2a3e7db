// Parses the challenges of WWW-Authenticate headers (RFC 7235, sections 2.1 and 4.1). The functions
// are pure and can be called on any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace registry {

struct Challenge {
  std::string scheme;                                           // lower case: "bearer", "basic"
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case

  // Returns the value of the first parameter of that name; empty without one.
  std::string_view parameter(std::string_view name) const;

  bool operator==(const Challenge&) const = default;
};

// Parses the challenges of one header, at most limits::kChallenges. Parsing ends at the first
// syntax error and returns the challenges before it.
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace registry
