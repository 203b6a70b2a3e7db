// This file draws reads, requests about the types that the operator does not create, and hostile
// requests.
#include <fmt/core.h>

#include <string>

#include "sim/against_real/steps.h"

namespace against_real {
namespace {

using kube::Method;

constexpr auto kEvents = "/apis/events.k8s.io/v1/namespaces/@ns@/events?fieldManager=m";
constexpr auto kEvent =
    R"({"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"e","namespace":"@ns@"},)"
    R"("eventTime":"2020-01-01T00:00:00.000001Z","reportingController":"c",)"
    R"("reportingInstance":"i","action":"A","reason":"R","type":"Normal","note":"n",)"
    R"("regarding":{"kind":"Service","namespace":"@ns@","name":"registry"}})";
constexpr auto kLease =
    R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"registry"},)"
    R"("spec":{"holderIdentity":"a","leaseDurationSeconds":15,)"
    R"("renewTime":"2020-01-01T00:00:00.000001Z"}})";
constexpr auto kSecret = R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"registry"},)"
                         R"("stringData":{"a":"b"},"data":{"c":"ZA=="}})";
constexpr auto kPod =
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"registry","labels":{"a":"b"}},)"
    R"("spec":{"automountServiceAccountToken":false,)"
    R"("containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1"}}}]}})";
constexpr auto kPods = "/api/v1/namespaces/@ns@/pods?fieldManager=m";
constexpr auto kNamespace = "/api/v1/namespaces/@ns@";

Step lease_or_secret(Dice& dice) {
  const Type& lease = type_of("Lease");
  const Type& secret = type_of("Secret");
  switch (dice.between(0, 3)) {
    case 0: return {Method::kPost, std::string(lease.path) + "?fieldManager=m", kJson, kLease};
    case 1:
      return {Method::kPut, lease.one("registry?fieldManager=m"), kJson,
              R"({"spec":{"holderIdentity":"b","leaseTransitions":0}})", "Lease/registry"};
    case 2: return {Method::kPost, std::string(secret.path) + "?fieldManager=m", kJson, kSecret};
    default:
      return {Method::kPatch, secret.one("registry?fieldManager=m"), kMerge,
              R"({"data":{"a":)" + dice.pick({"null", "\"eA==\""}) + "}}"};
  }
}

// Draws a body that cannot be parsed, or that has an unsupported type.
Step unreadable(Dice& dice, const Type& type, const std::string& one) {
  const std::string path(type.path);
  switch (dice.between(0, 4)) {
    case 0: return {Method::kPost, path, kJson, "{\"kind\":"};
    case 1: return {Method::kPost, path, "text/plain", "{}"};
    case 2: return {Method::kPatch, one, kMerge, "[1]"};
    case 3: return {Method::kPatch, one, "text/plain", "{}"};
    default: return {Method::kPatch, one + "?fieldManager=m&force=true", kApply, "not: [an object"};
  }
}

}  // namespace

Step reads(Dice& dice) {
  const Type& type = dice.any_type();
  const std::string path(type.path);
  switch (dice.between(0, 6)) {
    case 0: return {Method::kGet, type.one(dice.name_for(type))};
    case 1: return {Method::kGet, path + "?labelSelector=keep%3Dyes"};
    case 2: return {Method::kGet, path + "?limit=1"};
    case 3: return {Method::kGet, path + "?fieldSelector=metadata.name%3Dregistry"};
    case 4:
      return {Method::kGet, path + fmt::format("?limit={}&continue=@continue:{}List@",
                                               dice.between(1, 2), type.kind)};
    case 5:
      return {Method::kGet, path + "?labelSelector=" +
                                dice.pick({"keep", "!keep", "keep%21%3Dyes", "keep+in+%28yes,no%29",
                                           "keep+notin+%28no%29,app.kubernetes.io/name"})};
    default: return {Method::kGet, path};
  }
}

Step other_types(Dice& dice) {
  switch (dice.between(0, 7)) {
    case 0: return {Method::kPost, kEvents, kJson, kEvent};
    case 1:
      return {Method::kPatch, std::string(kNamespace) + "?fieldManager=kubectl", kMerge,
              R"({"metadata":{"annotations":{"localregistry.dev/allow-from":"a,b"}}})"};
    case 2: return {dice.chance(30) ? Method::kDelete : Method::kGet, kNamespace};
    case 3: return {Method::kPost, kPods, kJson, kPod};
    default: return lease_or_secret(dice);
  }
}

Step hostile(Dice& dice) {
  const Type& type = dice.any_type();
  const std::string one = type.one(dice.name_for(type));
  switch (dice.between(0, 9)) {
    case 0: return {Method::kGet, "/apis/absent.example/v1/namespaces/@ns@/absents/x"};
    case 1: return {Method::kGet, "/api/v1/namespaces/@ns@/unknowns"};
    case 2: return {Method::kPatch, one, kMerge, R"({"metadata":{"labels":{"a":1}}})"};
    case 3: return {Method::kPatch, one, kMerge, R"({"metadata":{"uid":"x"}})"};
    case 4: return {Method::kPatch, one, kMerge, R"({"metadata":{"resourceVersion":"1"}})"};
    case 5: return {Method::kPatch, one, kMerge, R"({"spec":{"replicas":"x","unknown":1}})"};
    case 6:
      return {Method::kPatch, type.one("wrong?fieldManager=m"), kApply,
              fmt::format(R"({{"apiVersion":"{}","kind":"{}","metadata":{{"name":"other"}}}})",
                          type.path.starts_with("/api/") ? "v1" : "apps/v1", type.kind)};
    case 7:
      return {Method::kPost, "/api/v1/namespaces/missing-@ns@/services", kJson,
              R"({"metadata":{"name":"a"},"spec":{"ports":[{"port":1}]}})"};
    case 8:
      return {Method::kPost, std::string(type_of("Service").path), kJson,
              R"({"metadata":{"name":"registry"},"spec":{"ports":[{"port":)" +
                  dice.pick({"0", "70000", "80"}) + "}]}}"};
    default: return unreadable(dice, type, one);
  }
}

}  // namespace against_real
