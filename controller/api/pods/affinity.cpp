#include "api/pods/affinity.h"

namespace api {
namespace {

// Returns true for an empty matchLabels, which the API server does not store. Nulls and empty lists
// need not be dropped: the comparison treats them as absent (json/raw.h).
bool is_dropped(const json::Member& member) {
  return member.value.kind() == json::Kind::kObject && member.name == "matchLabels" &&
         member.value.size() == 0;
}

// Recursion is bounded by limits::kJsonDepth, which Document::parse enforces.
void write_stored(json::Writer& writer, json::View value) {
  if (value.kind() == json::Kind::kArray) {
    writer.begin_array();
    for (std::size_t i = 0; i < value.size(); ++i) write_stored(writer, value.element(i));
    writer.end_array();
  } else if (value.kind() == json::Kind::kObject) {
    writer.begin_object();
    for (std::size_t i = 0; i < value.size(); ++i) {
      const json::Member member = value.member(i);
      if (is_dropped(member)) continue;
      writer.key(member.name);
      write_stored(writer, member.value);
    }
    writer.end_object();
  } else {
    writer.raw(json::canonical(value));
  }
}

}  // namespace

json::Raw stored_affinity(const json::Raw& affinity) {
  const auto document = json::Document::parse(affinity.text);
  if (!document) return affinity;
  json::Writer writer;
  write_stored(writer, document->root());
  return {writer.take()};
}

}  // namespace api
