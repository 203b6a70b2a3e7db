// This file declares resource.Quantity and IntOrString. The API server may return a quantity in
// another notation than the client sent ("1024Mi" comes back as "1Gi"), so quantities are compared
// by value. The types are plain values and can be used on any thread.
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

// Compares by value. Returns nothing when a or b is not a quantity.
std::optional<std::strong_ordering> compare(const Quantity& a, const Quantity& b);

// Compares by value. Returns false when a or b is not a quantity.
bool is_less(const Quantity& a, const Quantity& b);

// Returns the quantity as the API server stores it in resource requests and limits. A value is
// rounded up to whole thousandths ("0.00000000001" becomes "1m"). A value above 2^63 - 1 with a
// binary suffix ("8Ei") becomes 2^63 - 1. Every other text is returned unchanged.
Quantity rounded_up(const Quantity& quantity);

// Returns whether the API server accepts the text as a quantity.
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
