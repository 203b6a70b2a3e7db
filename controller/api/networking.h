// This file declares ServiceCIDR (networking.k8s.io/v1, Kubernetes 1.33 and later) with the fields
// that the operator reads. The types are plain values and can be used on any thread.
#pragma once

#include "api/meta.h"

namespace api {

struct ServiceCidrSpec {
  std::vector<std::string> cidrs;  // "10.96.0.0/12"; at most one per IP family
  bool operator==(const ServiceCidrSpec&) const = default;
};

struct ServiceCidr {
  ObjectMeta metadata;
  ServiceCidrSpec spec;
  bool operator==(const ServiceCidr&) const = default;
};

template <>
struct Resource<ServiceCidr> {
  static constexpr ResourceType kType = {"networking.k8s.io", "v1", "ServiceCIDR", "servicecidrs",
                                         false};
};

}  // namespace api

template <>
struct json::Fields<api::ServiceCidrSpec> {
  static constexpr auto kTable =
      std::make_tuple(json::field("cidrs", &api::ServiceCidrSpec::cidrs));
};

template <>
struct json::Fields<api::ServiceCidr> {
  using T = api::ServiceCidr;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec));
};
