#include "cli/rewriting/reference_template.h"

#include "base/limits.h"
#include "base/text/text.h"

namespace cli {
namespace {

bool is_name(char c) { return base::is_alphanumeric(c) || c == '_'; }

// Returns whether a reference may contain the character outside of variables. DevSpace replaces #
// in tags by random characters.
bool is_literal(char c) {
  return is_name(c) || std::string_view(".-/:@+#[]").find(c) != std::string_view::npos;
}

// Returns the length of the text up to and including the bracket that closes its first one; 0 if no
// bracket closes it.
std::size_t bracketed(std::string_view text, char open, char close) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == open) ++depth;
    if (text[i] == close && --depth == 0) return i + 1;
  }
  return 0;
}

// Returns the length of the variable at the beginning of the text; 0 if the text does not begin
// with one.
std::size_t variable(std::string_view text) {
  if (text.starts_with("{{")) {
    const std::size_t end = text.find("}}");
    return end == std::string_view::npos ? 0 : end + 2;
  }
  if (!text.starts_with('$')) return 0;
  const std::size_t forced = text.starts_with("$!") ? 2 : 1;  // $!{NAME} of DevSpace
  const std::string_view rest = text.substr(forced);
  std::size_t size = 0;
  if (rest.starts_with('{')) size = bracketed(rest, '{', '}');
  if (rest.starts_with('(')) size = bracketed(rest, '(', ')');
  if (size == 0 && forced == 1) {
    while (size < rest.size() && is_name(rest[size])) ++size;
  }
  return size == 0 ? 0 : forced + size;
}

}  // namespace

std::optional<ReferenceTemplate> parse_template(std::string_view value) {
  if (value.size() > limits::kImageReferenceBytes) return std::nullopt;
  std::string pattern;     // pattern of the value up to `at`
  std::string repository;  // the part of `pattern` before the tag
  std::size_t size = 0;    // bytes of the value before the tag
  bool has_variable = false;
  bool in_tag = false;
  for (std::size_t at = 0; at < value.size();) {
    if (const std::size_t taken = variable(value.substr(at)); taken > 0) {
      has_variable = true;
      pattern += '*';
      at += taken;
      continue;
    }
    const char c = value[at];
    if (!is_literal(c)) return std::nullopt;
    if (c == '/') in_tag = false;  // what looked like a tag was a port
    if ((c == ':' || c == '@') && !in_tag) {
      in_tag = true;
      repository = pattern;
      size = at;
    }
    pattern += c;
    ++at;
  }
  if (!has_variable) return std::nullopt;
  if (!in_tag) {
    repository = pattern;
    size = value.size();
  }
  if (repository.empty()) return std::nullopt;
  if (repository.find('*') == std::string::npos) repository.clear();
  return ReferenceTemplate{size, std::move(repository)};
}

bool matches_pattern(std::string_view pattern, std::string_view repository) {
  std::size_t at = 0;
  // `star`: index of the last '*' that was reached. `taken`: where the text that it stands for ends
  // in the repository.
  std::size_t star = std::string_view::npos;
  std::size_t taken = 0;
  std::size_t i = 0;
  while (i < repository.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken = i;
    } else if (at < pattern.size() && pattern[at] == repository[i]) {
      ++at;
      ++i;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      i = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

}  // namespace cli
