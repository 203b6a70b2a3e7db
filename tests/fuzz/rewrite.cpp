// Fuzz target for rewriting images in YAML and JSON. Only references change, and every other byte
// stays. The result can be read, and nothing in it is rewritten again. A value changes only if its
// key names an image, or if it has a registry, tag or digest.
#include "cli/rewriting/rewrite.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "api/images/image_rewriter.h"
#include "cli/rewriting/image_keys.h"
#include "cli/rewriting/reference_template.h"
#include "fuzz/property.h"
#include "json/text.h"
#include "json/text/scalars.h"
#include "unit/json/replacing.h"

namespace {

using testing_json::Scan;

const api::ImageRewriter& rewriter() {
  static const api::ImageRewriter kRewriter(
      {{*api::parse_image_reference("alpine"), "localhost:31234"},
       {*api::parse_image_reference("ghcr.io/o/app"), "[::1]:5000"}});
  return kRewriter;
}

struct Rewritten {
  std::vector<std::string> values;  // the values that can be replaced, in the order of the text
  std::vector<json::Edit> edits;
};

base::Result<Rewritten> read(Scan scan, std::string_view text) {
  Rewritten result;
  json::TextSource source(text);
  const testing_json::Replace replace = [&](const json::Scalar& scalar) {
    fuzz::require(json::is_word(scalar.value), "only words are asked for");
    result.values.emplace_back(scalar.value);
    return rewriter().rewrite(scalar.value);
  };
  const auto done = testing_json::replace_words(scan, source, replace, [&](json::Edit edit) {
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
    // In double quotes a word may continue on the next line, after a backslash.
    const bool may_go_on = old.find('\\') != std::string_view::npos;
    fuzz::require(old.find('\n') == std::string_view::npos || may_go_on, "an edit is of one word");
    result += text.substr(at, edit.begin - at);
    result += edit.text;
    at = edit.end;
  }
  return result + std::string(text.substr(at));
}

// libyaml allows a line that begins with a tab after a plain scalar, but not after a quoted one. An
// edit can make a quoted scalar of a plain one.
bool may_end_in_a_tab(std::string_view text, const std::vector<json::Edit>& edits) {
  return std::any_of(edits.begin(), edits.end(), [&](const json::Edit& edit) {
    if (!edit.text.starts_with('"')) return false;
    std::string_view blank = text.substr(edit.end);
    blank = blank.substr(0, blank.find_first_not_of(" \t\r\n\xC2\x85\xE2\x80\xA8\xA9"));
    return blank.find('\t', blank.find_first_not_of(" \t")) != std::string_view::npos;
  });
}

void check(Scan scan, std::string_view text) {
  const auto found = read(scan, text);
  if (!found) {
    fuzz::require_short_line(found.error().message);
    return;
  }
  const std::string after = applied(text, found->edits);
  const auto again = read(scan, after);
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

struct Value {
  std::string key;
  std::string text;
};

// Values collects all values of a text.
class Values final : public json::ScalarVisitor {
 public:
  std::size_t value(const json::Scalar& scalar) override {
    all.push_back({std::string(scalar.key), std::string(scalar.value)});
    return 0;
  }
  base::Result<void> located(json::ScalarLocation) override { return {}; }
  void alias(const json::Scalar&) override {}
  base::Result<void> end_of_map(std::uint64_t) override { return {}; }

  std::vector<Value> all;
};

std::vector<Value> values_of(const std::string& text) {
  json::TextSource source(text);
  Values as_json;
  if (json::begins_as_json(source).value() && json::scan_json(source, as_json)) return as_json.all;
  Values as_yaml;
  fuzz::require(json::scan_yaml(source, as_yaml).has_value(), "what is rewritten can be read");
  return as_yaml.all;
}

// Returns the rewritten text, or nothing if the text is refused.
std::optional<std::string> rewritten(const std::string& text) {
  json::TextSource source(text);
  std::ostringstream output;
  const auto report = cli::rewrite_text(source, rewriter(), output);
  if (report) return output.str();
  fuzz::require(output.str().empty(), "nothing is written of what is refused");
  return std::nullopt;
}

bool may_change(const Value& value) {
  for (const std::string_view key : {"name", "value", "reference"}) {
    if (value.key == key) return true;
  }
  if (cli::names_image(value.key)) return true;
  if (cli::reference_part_of(value.key).part == cli::ReferencePart::kRegistry) return true;
  if (const auto parsed = cli::parse_template(value.text)) return parsed->pattern.empty();
  const auto reference = api::parse_image_reference(value.text);
  if (!reference) return false;
  return !reference->tag.empty() || !reference->digest.empty() ||
         reference->path.size() < value.text.size();
}

void check_rewriting(std::string_view input) {
  const std::string text(input);
  const auto once = rewritten(text);
  if (!once) return;
  const auto twice = rewritten(*once);
  if (!twice && once->find('\t') != std::string::npos) return;  // see may_end_in_a_tab
  fuzz::require_same(*once, twice.value_or("refused"), "rewriting twice is rewriting once");
  const std::vector<Value> before = values_of(text);
  const std::vector<Value> after = values_of(*once);
  fuzz::require(before.size() == after.size(), "no value comes or goes by rewriting");
  for (std::size_t i = 0; i < before.size(); ++i) {
    fuzz::require_same(before[i].key, after[i].key, "keys stay");
    if (before[i].text == after[i].text) continue;
    fuzz::require(may_change(before[i]), "only what may be an image changes");
    const bool at_registry =
        after[i].text.starts_with("localhost:31234") || after[i].text.starts_with("[::1]:5000") ||
        cli::reference_part_of(before[i].key).part != cli::ReferencePart::kNone ||
        before[i].key == "name";
    fuzz::require(at_registry, "what changes goes to a registry");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  check(&json::scan_yaml, text);
  check(&json::scan_json, text);
  check_rewriting(text);
  return 0;
}
