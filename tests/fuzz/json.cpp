// Fuzz target for JSON. A value that is read, written and read again stays equal: in compact form,
// in the form for people, as YAML, and through the field tables.
#include "api/apps.h"
#include "api/local_registry.h"
#include "fuzz/property.h"
#include "json/format.h"
#include "json/raw.h"
#include "json/sieve/unknown.h"
#include "json/text/yaml.h"

namespace {

std::string canonical(const std::string& text, std::string_view property) {
  const auto document = json::Document::parse(text);
  fuzz::require(document.has_value(), property);
  return json::canonical(document->root());
}

template <class T>
void check_table(json::View root) {
  json::unknown_members<T>(root);
  const auto value = json::decode<T>(root);
  if (!value) {
    fuzz::require_short_line(value.error().message);
    return;
  }
  const auto again = json::parse<T>(json::encode(*value));
  fuzz::require(again.has_value(), "what was encoded can be decoded");
  fuzz::require_same(json::encode(*again), json::encode(*value),
                     "decoded and encoded it is the same");
}

// yaml-cpp replaces noncharacters (U+FDD0, U+FFFE, U+1FFFF...) by U+FFFD.
bool may_have_noncharacters(const std::string& text) {
  const auto has = [&](const char* bytes) { return text.find(bytes) != std::string::npos; };
  return has("\xEF\xB7") || has("\xBF\xBE") || has("\xBF\xBF");
}

void check_yaml(json::View root, const std::string& text) {
  const auto yaml = json::from_yaml(json::to_yaml(root, ""));
  if (!yaml && yaml.error().code == base::ErrorCode::kTooLarge) return;
  fuzz::require(yaml.has_value(), "the YAML of a value can be read");
  const std::string read = canonical(*yaml, "YAML becomes JSON");
  if (may_have_noncharacters(text)) return;
  fuzz::require_same(read, text, "as YAML it is the same value");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = json::Document::parse(std::string(fuzz::text_of(data, size)));
  if (!document) {
    fuzz::require_short_line(document.error().message);
    return 0;
  }
  const json::View root = document->root();
  const std::string text = json::canonical(root);
  fuzz::require_same(canonical(text, "canonical text is JSON"), text, "canonical text stays");
  fuzz::require_same(canonical(json::pretty(root, ""), "pretty text is JSON"), text,
                     "for people it is the same value");
  json::pretty(root, "metadata.managedFields");
  check_yaml(root, text);
  check_table<api::LocalRegistry>(root);
  check_table<api::Deployment>(root);
  return 0;
}
