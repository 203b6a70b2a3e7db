// A Pod that the operator creates to run one container once on a chosen node. The types are plain
// values and can be used on any thread.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (v1.34)
#pragma once

#include "api/pods/pod.h"

namespace api {

struct RunOncePodSpec : PodSpec {
  std::string node_name;       // with it, no scheduler takes part
  std::string restart_policy;  // "Never"
  std::optional<std::int64_t> active_deadline_seconds;
  bool operator==(const RunOncePodSpec&) const = default;
};

struct RunOncePod {
  ObjectMeta metadata;
  RunOncePodSpec spec;
  bool operator==(const RunOncePod&) const = default;
};

template <>
struct Resource<RunOncePod> {
  static constexpr ResourceType kType = {"", "v1", "Pod", "pods"};
};

}  // namespace api

template <>
struct json::Fields<api::RunOncePodSpec> {
  using T = api::RunOncePodSpec;
  static constexpr auto kTable = std::tuple_cat(
      json::Fields<api::PodSpec>::kTable,
      std::make_tuple(json::field("nodeName", &T::node_name),
                      json::field("restartPolicy", &T::restart_policy),
                      json::field("activeDeadlineSeconds", &T::active_deadline_seconds)));
};

template <>
struct json::Fields<api::RunOncePod> {
  using T = api::RunOncePod;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec));
};
