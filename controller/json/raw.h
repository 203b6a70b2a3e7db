// Raw is a JSON value that the operator passes on without decoding it, such as spec.affinity. In an
// intent, the text "null" means that the field must be absent, whichever field manager owns it. Raw
// is a plain value and can be used on any thread.
#pragma once

#include <string>

#include "json/fields.h"

namespace json {

struct Raw {
  std::string text;  // canonical: compact, members sorted by name; empty: absent

  bool operator==(const Raw&) const = default;
};

// Returns the canonical text of a value: equal values have equal texts.
std::string canonical(View view);

template <>
struct Leaf<Raw> {
  static constexpr std::string_view kExpected = "a value";
  static bool read(View view, Raw& out);
  static void write(Writer& writer, const Raw& value) { writer.raw(value.text); }
  static bool absent(const Raw& value) { return value.text.empty(); }
  // Returns whether both values mean the same. Ignores members that only `actual` has, such as
  // default values that the API server has set.
  static bool same(const Raw& wanted, const Raw& actual);
};

}  // namespace json
