// This file declares Lease (coordination.k8s.io/v1) and Event (events.k8s.io/v1). The types are
// plain values and can be used on any thread.
#pragma once

#include "api/meta.h"

namespace api {

// This is metav1.MicroTime, a time whose JSON text has microseconds.
struct MicroTime {
  base::Time time;
  bool operator==(const MicroTime&) const = default;
};

struct LeaseSpec {
  std::optional<std::string> holder_identity;  // empty: released
  int lease_duration_seconds = 0;
  std::optional<MicroTime> acquire_time;
  std::optional<MicroTime> renew_time;
  std::optional<int> lease_transitions;
  bool operator==(const LeaseSpec&) const = default;
};

struct Lease {
  ObjectMeta metadata;
  LeaseSpec spec;
  bool operator==(const Lease&) const = default;
};

struct ObjectReference {
  std::string api_version;
  std::string kind;
  std::string namespace_name;
  std::string name;
  std::string uid;
  std::string resource_version;
  bool operator==(const ObjectReference&) const = default;
};

struct EventSeries {
  int count = 0;
  MicroTime last_observed_time;
  bool operator==(const EventSeries&) const = default;
};

// An Event of another controller, with only the fields that the operator reads.
struct EventSummary {
  struct Meta {
    std::string name;
    std::string resource_version;
    bool operator==(const Meta&) const = default;
  };
  Meta metadata;
  // One of these three fields has the time of the last occurrence. Recorders of the older API
  // core/v1 set only the last field.
  MicroTime event_time;
  std::optional<EventSeries> series;
  std::optional<base::Time> deprecated_last_timestamp;
  std::string note;
  bool operator==(const EventSummary&) const = default;
};

struct Event {
  ObjectMeta metadata;
  MicroTime event_time;
  std::optional<EventSeries> series;
  std::string reporting_controller;
  std::string reporting_instance;
  std::string action;
  std::string reason;
  ObjectReference regarding;
  std::string note;
  std::string type;  // "Normal" or "Warning"
  bool operator==(const Event&) const = default;
};

template <>
struct Resource<Lease> {
  static constexpr ResourceType kType = {"coordination.k8s.io", "v1", "Lease", "leases"};
};
template <>
struct Resource<Event> {
  static constexpr ResourceType kType = {"events.k8s.io", "v1", "Event", "events"};
};
template <>
struct Resource<EventSummary> : Resource<Event> {};

template <>
inline constexpr std::size_t kObjectBytes<EventSummary> = limits::kPodRefusalEventBytes;

}  // namespace api

template <>
struct json::Leaf<api::MicroTime> {
  static constexpr std::string_view kExpected = Leaf<base::Time>::kExpected;
  static bool read(View view, api::MicroTime& out) {
    return Leaf<base::Time>::read(view, out.time);
  }
  static void write(Writer& writer, const api::MicroTime& value) {
    writer.string(base::format_micros(value.time));
  }
  static bool absent(const api::MicroTime& value) { return value.time == base::Time(); }
  static bool same(const api::MicroTime& wanted, const api::MicroTime& actual) {
    return wanted == actual;
  }
};

template <>
struct json::Fields<api::LeaseSpec> {
  using T = api::LeaseSpec;
  static constexpr auto kTable = std::make_tuple(
      json::field("holderIdentity", &T::holder_identity),
      json::field("leaseDurationSeconds", &T::lease_duration_seconds),
      json::field("acquireTime", &T::acquire_time), json::field("renewTime", &T::renew_time),
      json::field("leaseTransitions", &T::lease_transitions));
};

template <>
struct json::Fields<api::Lease> {
  using T = api::Lease;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec));
};

template <>
struct json::Fields<api::ObjectReference> {
  using T = api::ObjectReference;
  static constexpr auto kTable = std::make_tuple(
      json::field("apiVersion", &T::api_version), json::field("kind", &T::kind),
      json::field("namespace", &T::namespace_name), json::field("name", &T::name),
      json::field("uid", &T::uid), json::field("resourceVersion", &T::resource_version));
};

template <>
struct json::Fields<api::EventSeries> {
  using T = api::EventSeries;
  static constexpr auto kTable = std::make_tuple(
      json::field("count", &T::count), json::field("lastObservedTime", &T::last_observed_time));
};

template <>
struct json::Fields<api::Event> {
  using T = api::Event;
  static constexpr auto kTable = std::make_tuple(
      json::field("metadata", &T::metadata), json::field("eventTime", &T::event_time),
      json::field("series", &T::series),
      json::field("reportingController", &T::reporting_controller),
      json::field("reportingInstance", &T::reporting_instance), json::field("action", &T::action),
      json::field("reason", &T::reason), json::field("regarding", &T::regarding),
      json::field("note", &T::note), json::field("type", &T::type));
};

template <>
struct json::Fields<api::EventSummary::Meta> {
  using T = api::EventSummary::Meta;
  static constexpr auto kTable = std::make_tuple(
      json::field("name", &T::name), json::field("resourceVersion", &T::resource_version));
};

template <>
struct json::Fields<api::EventSummary> {
  using T = api::EventSummary;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata),
                      json::field("eventTime", &T::event_time), json::field("series", &T::series),
                      json::field("deprecatedLastTimestamp", &T::deprecated_last_timestamp),
                      json::field("note", &T::note));
};
