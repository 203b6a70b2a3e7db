// A JSON value that is passed through without a type of its own, as spec.affinity is. The text
// "null" in an intent says that there must be no such field, whoever owns it.
#pragma once

#include <string>

#include "json/fields.h"

namespace json {

struct Raw {
  std::string text;  // canonical: compact, members sorted by name; empty: absent

  bool operator==(const Raw&) const = default;
};

// The canonical text of a value: two values that say the same have the same text.
std::string canonical(View view);

template <>
struct Leaf<Raw> {
  static constexpr std::string_view kExpected = "a value";
  static bool read(View view, Raw& out);
  static void write(Writer& writer, const Raw& value) { writer.raw(value.text); }
  static bool absent(const Raw& value) { return value.text.empty(); }
  // Members that only actual has (the server's defaults) make no difference.
  static bool same(const Raw& wanted, const Raw& actual);
};

}  // namespace json
