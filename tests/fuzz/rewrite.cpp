// Images rewritten in place in YAML and JSON: only references change, every other byte stays, and
// what was rewritten is still such a text, in which nothing is left to be rewritten.
#include <algorithm>
#include <vector>

#include "api/image_rewriter.h"
#include "fuzz/property.h"
#include "json/scalars.h"
#include "json/text.h"

namespace {

using Format = base::Result<void> (*)(json::ByteSource&, const json::Replace&, const json::Emit&);

const api::ImageRewriter& rewriter() {
  static const api::ImageRewriter kRewriter(
      {{*api::parse_image_reference("alpine"), "localhost:31234"},
       {*api::parse_image_reference("ghcr.io/o/app"), "[::1]:5000"}});
  return kRewriter;
}

struct Rewritten {
  std::vector<std::string> values;  // that can be replaced, in the order of the text
  std::vector<json::Edit> edits;
};

base::Result<Rewritten> read(Format format, std::string_view text) {
  Rewritten result;
  json::TextSource source(text);
  const json::Replace replace = [&](const json::Scalar& scalar) {
    fuzz::require(json::is_word(scalar.value), "only words are asked for");
    result.values.emplace_back(scalar.value);
    return rewriter().rewrite(scalar.value);
  };
  const auto done = format(source, replace, [&](json::Edit edit) {
    result.edits.push_back(std::move(edit));
    return base::Result<void>();
  });
  if (!done) return done.error();
  return result;
}

std::string applied(std::string_view text, const std::vector<json::Edit>& edits) {
  std::string result;
  std::uint64_t at = 0;
  for (const json::Edit& edit : edits) {
    fuzz::require(at <= edit.begin && edit.begin < edit.end && edit.end <= text.size(),
                  "edits are in the text, in its order");
    const std::string_view old = text.substr(edit.begin, edit.end - edit.begin);
    // In double quotes a word may go on in the next line, behind a backslash.
    const bool may_go_on = old.find('\\') != std::string_view::npos;
    fuzz::require(old.find('\n') == std::string_view::npos || may_go_on, "an edit is of one word");
    result += text.substr(at, edit.begin - at);
    result += edit.text;
    at = edit.end;
  }
  return result + std::string(text.substr(at));
}

// libyaml lets a line that begins with a tab follow a plain text, but not a quoted one, which an
// edit may make of it.
bool may_end_in_a_tab(std::string_view text, const std::vector<json::Edit>& edits) {
  return std::any_of(edits.begin(), edits.end(), [&](const json::Edit& edit) {
    if (!edit.text.starts_with('"')) return false;
    std::string_view blank = text.substr(edit.end);
    blank = blank.substr(0, blank.find_first_not_of(" \t\r\n\xC2\x85\xE2\x80\xA8\xA9"));
    return blank.find('\t', blank.find_first_not_of(" \t")) != std::string_view::npos;
  });
}

void check(Format format, std::string_view text) {
  const auto found = read(format, text);
  if (!found) {
    fuzz::require_short_line(found.error().message);
    return;
  }
  const std::string after = applied(text, found->edits);
  const auto again = read(format, after);
  if (!again && may_end_in_a_tab(text, found->edits)) return;
  fuzz::require(again.has_value(), "what is rewritten can be read");
  fuzz::require(again->edits.empty(), "nothing is rewritten twice");
  fuzz::require(again->values.size() == found->values.size(), "no value comes or goes");
  std::size_t edits = 0;
  for (std::size_t i = 0; i < found->values.size(); ++i) {
    const auto rewritten = rewriter().rewrite(found->values[i]);
    edits += rewritten ? 1 : 0;
    fuzz::require_same(again->values[i], rewritten.value_or(found->values[i]),
                       "each value is what the rewriter says, or stays");
  }
  fuzz::require(edits == found->edits.size(), "there are no other edits");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  check(&json::yaml_edits, text);
  check(&json::json_edits, text);
  return 0;
}
