#include "cli/rewriting/reference_text.h"

#include <algorithm>

#include "api/images/image_reference.h"
#include "base/text/text.h"

namespace cli {
namespace {

constexpr std::string_view kLibrary = "docker.io/library/";
constexpr std::string_view kDockerHub = "docker.io/";

bool is_word_byte(char c) { return base::is_alphanumeric(c) || c == '_' || c == '-'; }

// Returns whether the text contains the repository, and not only as part of a longer repository. If
// `complete`, a tag or a digest must follow it.
bool contains(std::string_view text, std::string_view repository, bool complete) {
  for (std::size_t at = text.find(repository); at != std::string_view::npos;
       at = text.find(repository, at + 1)) {
    const std::string_view before = text.substr(0, at);
    const std::string_view after = text.substr(at + repository.size());
    const bool begins =
        before.empty() || before.ends_with("://") ||
        !(is_word_byte(before.back()) || before.back() == '.' || before.back() == '/');
    const bool ends = complete
                          ? after.starts_with(':') || after.starts_with('@')
                          : after.empty() || !(is_word_byte(after.front()) || after.front() == '/');
    if (begins && ends) return true;
  }
  return false;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), base::is_digit);
}

}  // namespace

bool has_variable(std::string_view value) {
  return value.find('$') != std::string_view::npos || value.find("{{") != std::string_view::npos;
}

bool has_slash(std::string_view value) { return value.find('/') != std::string_view::npos; }

std::optional<ReferenceParts> parts_of(std::string_view text) {
  const auto parsed = api::parse_image_reference(text);
  if (!parsed) return std::nullopt;
  std::size_t rest = 0;
  if (!parsed->tag.empty()) rest += parsed->tag.size() + 1;
  if (!parsed->digest.empty()) rest += parsed->digest.size() + 1;
  // The text has a host if the path is shorter than the text without tag and digest: the parser
  // removes nothing but a host from it, and may add "library/".
  return ReferenceParts{parsed->path.size() < text.size() - rest, rest > 0};
}

std::string_view without_slashes(std::string_view registry) {
  while (registry.ends_with('/')) registry.remove_suffix(1);
  return registry;
}

std::vector<std::string_view> spellings(std::string_view repository) {
  std::vector<std::string_view> result = {repository};
  if (repository.starts_with(kDockerHub)) result.push_back(repository.substr(kDockerHub.size()));
  if (repository.starts_with(kLibrary)) result.push_back(repository.substr(kLibrary.size()));
  return result;
}

std::string_view spelling_in(std::string_view text, std::string_view repository) {
  for (const std::string_view spelling : spellings(repository)) {
    const bool has_host = spelling.size() == repository.size();
    if (has_slash(spelling) && contains(text, spelling, !has_host)) return spelling;
  }
  return {};
}

bool may_be_an_address(std::string_view value) {
  const std::size_t colon = value.find(':');
  return !has_slash(value) && colon != std::string_view::npos && is_digits(value.substr(colon + 1));
}

}  // namespace cli
