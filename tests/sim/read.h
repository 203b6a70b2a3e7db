// This file decodes the objects of the simulated API server to typed values, once for each state of
// an object. One thread.
#pragma once

#include "api/pods/pod.h"
#include "json/raw.h"
#include "json/value.h"
#include "sim/api_server.h"

namespace sim {

// The metadata of an object of any type.
struct AnyObject {
  api::ObjectMeta metadata;
};

struct PodSpec {
  std::string node_name;
  api::StringMap node_selector;
  std::vector<api::Container> containers;
  std::vector<api::Volume> volumes;
};

struct Pod {
  api::ObjectMeta metadata;
  PodSpec spec;
  api::PodStatus status;
};

// Returns the object as a T. The reference is valid as long as the object exists. The object must
// have the form of a T.
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
struct json::Fields<sim::PodSpec> {
  using T = sim::PodSpec;
  static constexpr auto kTable = std::make_tuple(
      json::field("nodeName", &T::node_name), json::field("nodeSelector", &T::node_selector),
      json::keyed("containers", &T::containers, &api::Container::name),
      json::keyed("volumes", &T::volumes, &api::Volume::name));
};

template <>
struct json::Fields<sim::Pod> {
  using T = sim::Pod;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec),
                      json::field("status", &T::status));
};
