// Leaf<T> reads and writes a type that a field table (json/fields.h) treats as one indivisible
// value, such as a number. This file has the leaves of the most common types. The functions are
// pure and can be called on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "json/value.h"
#include "json/writer.h"

namespace json {

// A leaf type specialises Leaf with these members:
//   static constexpr std::string_view kExpected;            "a quantity": for messages
//   static bool read(View value, T& out);                   false: the value is not a T
//   static void write(Writer& writer, const T& value);
//   static bool absent(const T& value);                     empty, zero or false
//   static bool same(const T& wanted, const T& actual);     both mean the same
template <class T>
struct Leaf;

template <>
struct Leaf<std::string> {
  static constexpr std::string_view kExpected = "a string";
  static bool read(View view, std::string& out);
  static void write(Writer& writer, const std::string& value) { writer.string(value); }
  static bool absent(const std::string& value) { return value.empty(); }
  static bool same(const std::string& wanted, const std::string& actual) {
    return wanted == actual;
  }
};

template <>
struct Leaf<bool> {
  static constexpr std::string_view kExpected = "true or false";
  static bool read(View view, bool& out);
  static void write(Writer& writer, bool value) { writer.boolean(value); }
  static bool absent(bool value) { return !value; }
  static bool same(bool wanted, bool actual) { return wanted == actual; }
};

template <>
struct Leaf<std::int64_t> {
  static constexpr std::string_view kExpected = "an integer";
  static bool read(View view, std::int64_t& out);
  static void write(Writer& writer, std::int64_t value) { writer.integer(value); }
  static bool absent(std::int64_t value) { return value == 0; }
  static bool same(std::int64_t wanted, std::int64_t actual) { return wanted == actual; }
};

template <>
struct Leaf<int> {
  static constexpr std::string_view kExpected = "a 32-bit integer";
  static bool read(View view, int& out);
  static void write(Writer& writer, int value) { writer.integer(value); }
  static bool absent(int value) { return value == 0; }
  static bool same(int wanted, int actual) { return wanted == actual; }
};

// A base::Time is written as metav1.Time, in whole seconds. It never counts as absent; only an
// empty std::optional does.
template <>
struct Leaf<base::Time> {
  static constexpr std::string_view kExpected = "a time as in RFC 3339";
  static bool read(View view, base::Time& out);
  static void write(Writer& writer, base::Time value) {
    writer.string(base::format_seconds(value));
  }
  static bool absent(base::Time) { return false; }
  static bool same(base::Time wanted, base::Time actual) {
    using std::chrono::seconds;
    return std::chrono::floor<seconds>(wanted) == std::chrono::floor<seconds>(actual);
  }
};

}  // namespace json
