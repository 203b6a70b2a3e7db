// resource.Quantity and IntOrString: values that the API server may write in another way than it
// was told ("1024Mi" comes back as "1Gi"), so they are compared by meaning. Values; any thread.
// Source: k8s.io/apimachinery/pkg/api/resource (Quantity), pkg/util/intstr (IntOrString).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "json/fields.h"

namespace api {

struct Quantity {
  std::string text;  // "5Gi"; empty: absent

  bool operator==(const Quantity&) const = default;
};

// Orders by value; nothing when one of them is not a quantity.
std::optional<std::strong_ordering> compare(const Quantity& a, const Quantity& b);

// As the API server stores a quantity of a resource: a part of a thousandth is rounded up to one
// ("0.00000000001" cpu becomes "1m"), and more than 2^63 - 1 with a binary suffix ("8Ei" and more)
// becomes that. Every other text is given back unchanged.
Quantity rounded_up(const Quantity& quantity);

// True for what the API server takes as a quantity.
bool is_quantity(std::string_view text);

// A port by number or by name.
struct IntOrString {
  int number = 0;
  std::string text;  // when not empty, the value is this string

  bool operator==(const IntOrString&) const = default;
};

}  // namespace api

template <>
struct json::Leaf<api::Quantity> {
  static constexpr std::string_view kExpected = "a quantity";
  static bool read(View view, api::Quantity& out);
  static void write(Writer& writer, const api::Quantity& value) { writer.string(value.text); }
  static bool absent(const api::Quantity& value) { return value.text.empty(); }
  static bool same(const api::Quantity& wanted, const api::Quantity& actual);
};

template <>
struct json::Leaf<api::IntOrString> {
  static constexpr std::string_view kExpected = "an integer or a string";
  static bool read(View view, api::IntOrString& out);
  static void write(Writer& writer, const api::IntOrString& value);
  static bool absent(const api::IntOrString& value) {
    return value.text.empty() && value.number == 0;
  }
  static bool same(const api::IntOrString& wanted, const api::IntOrString& actual) {
    return wanted == actual;
  }
};
