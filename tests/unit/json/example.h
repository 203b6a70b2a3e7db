// Thing has a field of each kind, for tests of the functions that use field tables.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "json/fields.h"
#include "json/raw.h"

namespace example {

struct Port {
  std::string name;
  int port = 0;
  bool operator==(const Port&) const = default;
};

struct Inner {
  std::string mode = "slow";
  std::int64_t size = 0;
  bool operator==(const Inner&) const = default;
};

struct Thing {
  std::string name;
  bool on = false;
  int count = 3;
  std::optional<bool> choice;
  std::optional<Inner> maybe;
  Inner inner;
  std::vector<std::string> words;
  std::vector<Port> ports;
  std::vector<Port> list;
  std::map<std::string, std::string> labels;
  std::optional<base::Time> when;
  json::Raw raw;
  bool operator==(const Thing&) const = default;
};

}  // namespace example

template <>
struct json::Fields<example::Port> {
  static constexpr auto kTable = std::make_tuple(json::field("name", &example::Port::name),
                                                 json::field("port", &example::Port::port));
};
template <>
struct json::Fields<example::Inner> {
  static constexpr auto kTable = std::make_tuple(json::field("mode", &example::Inner::mode),
                                                 json::field("size", &example::Inner::size));
};
template <>
struct json::Fields<example::Thing> {
  using T = example::Thing;
  static constexpr auto kTable = std::make_tuple(
      json::field("name", &T::name), json::field("on", &T::on), json::field("count", &T::count),
      json::field("choice", &T::choice), json::field("maybe", &T::maybe),
      json::field("inner", &T::inner), json::field("words", &T::words),
      json::keyed("ports", &T::ports, &example::Port::name), json::field("list", &T::list),
      json::field("labels", &T::labels), json::field("when", &T::when),
      json::field("raw", &T::raw));
};
