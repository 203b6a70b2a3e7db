// What the simulated server's objects say, as typed values: read once for each state of an object.
// One thread.
#pragma once

#include "json/raw.h"
#include "json/value.h"
#include "sim/api_server.h"

namespace sim {

// Of an object of any type.
struct AnyObject {
  api::ObjectMeta metadata;
};

struct Pod {
  api::ObjectMeta metadata;
  api::PodSpec spec;
  api::PodStatus status;
};

// The object as a T; valid as long as the object is.
template <class T>
const T& read(const ObjectPtr& object) {
  return object->remembered.get<T>([&] {
    const auto document = json::Document::parse(object->text);
    return *json::decode<T>(document->root());
  });
}

}  // namespace sim

template <>
struct json::Fields<sim::AnyObject> {
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &sim::AnyObject::metadata));
};

template <>
struct json::Fields<sim::Pod> {
  using T = sim::Pod;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec),
                      json::field("status", &T::status));
};
