// Fuzz target for Docker's config.json. Error messages contain no word of the text, and credentials
// that are found come from the text.
#include "registry/docker_config.h"

#include <cctype>

#include "fuzz/property.h"

namespace {

// In bytes. The fixed words of messages are shorter, except identitytoken.
constexpr std::size_t kShortWord = 12;
constexpr std::string_view kHosts[] = {"docker.io", "ghcr.io", "localhost:5000", "a.example.com",
                                       ""};

// Requires that no word of the message occurs in the text, except short ones.
void check_silent(std::string_view message, std::string_view text) {
  fuzz::require_short_line(message);
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= message.size(); ++at) {
    if (at < message.size() && std::isalnum(static_cast<unsigned char>(message[at])) != 0) continue;
    const std::string_view word = message.substr(begin, at - begin);
    begin = at + 1;
    if (word.size() < kShortWord || word == "identitytoken") continue;
    fuzz::require(text.find(word) == std::string_view::npos, "no message quotes the text");
  }
}

void check_name(std::string_view name) {
  fuzz::require(!name.empty(), "a helper has a name");
  for (const char character : name) {
    fuzz::require(std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '.' ||
                      character == '_' || character == '-',
                  "a helper is no path");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto config = registry::DockerConfig::parse(text);
  if (!config) {
    check_silent(config.error().message, text);
    return 0;
  }
  for (const std::string_view host : kHosts) {
    for (const std::string_view path : {"", "org", "org/app"}) {
      const auto found = config->credentials(host, path);
      if (!found) continue;
      fuzz::require(
          !found->username.empty() || !found->password.empty() || !found->identity_token.empty(),
          "what is found is of use");
      fuzz::require(found->username.size() + found->password.size() < size, "nothing is made up");
    }
    if (const auto helper = config->helper(host)) check_name(helper->name);
  }
  return 0;
}
