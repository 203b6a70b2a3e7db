#include "registry/challenge.h"

#include <algorithm>
#include <optional>

#include "base/limits.h"
#include "base/text/text.h"

namespace registry {
namespace {

// Returns true for the characters of a token (RFC 7230, 3.2.6).
bool token_character(char character) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return base::is_alphanumeric(character) || kMarks.find(character) != std::string_view::npos;
}

bool token68_character(char character) {
  constexpr std::string_view kMarks = "-._~+/";
  return base::is_alphanumeric(character) || kMarks.find(character) != std::string_view::npos;
}

bool blank(char character) { return character == ' ' || character == '\t'; }

bool blank_or_comma(char character) { return blank(character) || character == ','; }

// Consumes a text from its front. Each function consumes the element that it is named after, or
// nothing.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool at_value_end() const { return text_.empty() || text_.front() == ','; }

  template <class Predicate>
  std::string_view while_(Predicate predicate) {
    const auto end = std::find_if_not(text_.begin(), text_.end(), predicate);
    const std::string_view taken = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view token() { return while_(token_character); }

  // Consumes a parameter: token BWS "=" BWS ( token / quoted-string ).
  std::optional<std::pair<std::string, std::string>> parameter() {
    const Reader before = *this;
    const std::string name = base::lower(std::string(token()));
    while_(blank);
    if (!name.empty() && text_.starts_with('=')) {
      text_.remove_prefix(1);
      while_(blank);
      if (auto value = text_.starts_with('"') ? quoted() : unquoted()) {
        while_(blank);
        if (at_value_end()) return std::make_pair(name, std::move(*value));
      }
    }
    *this = before;
    return std::nullopt;
  }

  // Consumes token68, which some schemes such as Negotiate have in place of parameters.
  bool token68() {
    const Reader before = *this;
    const bool some = !while_(token68_character).empty();
    while_([](char character) { return character == '='; });
    while_(blank);
    if (some && at_value_end()) return true;
    *this = before;
    return false;
  }

 private:
  std::optional<std::string> unquoted() {
    const std::string_view value = token();
    if (value.empty()) return std::nullopt;
    return std::string(value);
  }

  std::optional<std::string> quoted() {
    std::string value;
    for (std::size_t at = 1; at < text_.size(); ++at) {
      if (text_[at] == '"') {
        text_.remove_prefix(at + 1);
        return value;
      }
      if (text_[at] == '\\' && ++at == text_.size()) break;
      value += text_[at];
    }
    return std::nullopt;
  }

  std::string_view text_;
};

}  // namespace

std::string_view Challenge::parameter(std::string_view name) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> challenges;
  Reader reader(header);
  for (;;) {
    reader.while_(blank_or_comma);
    if (reader.at_end()) return challenges;
    if (!challenges.empty()) {
      if (auto parameter = reader.parameter()) {
        challenges.back().parameters.push_back(std::move(*parameter));
        continue;
      }
    }
    const std::string scheme = base::lower(std::string(reader.token()));
    const bool alone = reader.at_value_end();
    if (scheme.empty() || challenges.size() == limits::kChallenges) return challenges;
    if (!alone && reader.while_(blank).empty()) return challenges;
    challenges.push_back({scheme, {}});
    if (alone || reader.at_value_end() || reader.token68()) continue;
    auto parameter = reader.parameter();
    if (!parameter) return challenges;
    challenges.back().parameters.push_back(std::move(*parameter));
  }
}

}  // namespace registry
