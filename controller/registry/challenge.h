// What a server asks for in WWW-Authenticate (RFC 7235, sections 2.1 and 4.1). Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace registry {

struct Challenge {
  std::string scheme;                                           // lower case: "bearer", "basic"
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case

  // The first parameter of that name; empty without one.
  std::string_view parameter(std::string_view name) const;

  bool operator==(const Challenge&) const = default;
};

// The challenges of one header, at most limits::kChallenges. What cannot be read ends the list:
// what came before it still counts.
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace registry
