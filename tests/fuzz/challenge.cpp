// Fuzz target for WWW-Authenticate: challenges that are printed and read again are equal.
#include "registry/challenge.h"

#include "base/limits.h"
#include "fuzz/property.h"

namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char character : text) {
    if (character == '"' || character == '\\') result += '\\';
    result += character;
  }
  return result + '"';
}

std::string printed(const std::vector<registry::Challenge>& challenges) {
  std::string text;
  for (const registry::Challenge& challenge : challenges) {
    if (!text.empty()) text += ", ";
    text += challenge.scheme;
    std::string_view separator = " ";
    for (const auto& [name, value] : challenge.parameters) {
      text += std::string(separator) + name + '=' + quoted(value);
      separator = ", ";
    }
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto challenges = registry::parse_challenges(fuzz::text_of(data, size));
  fuzz::require(challenges.size() <= limits::kChallenges, "there are only so many");
  std::size_t bytes = 0;
  for (const registry::Challenge& challenge : challenges) {
    fuzz::require(!challenge.scheme.empty(), "each has a scheme");
    bytes += challenge.scheme.size();
    for (const auto& [name, value] : challenge.parameters) {
      fuzz::require(!name.empty(), "each parameter has a name");
      bytes += name.size() + value.size();
    }
  }
  fuzz::require(bytes <= size, "nothing is made up");
  const std::string text = printed(challenges);
  fuzz::require(registry::parse_challenges(text) == challenges,
                "printed and read again they are the same");
  return 0;
}
