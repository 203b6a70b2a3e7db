#include "api/managed_fields.h"

#include <gtest/gtest.h>

namespace api {
namespace {

using json::parse;

std::vector<ManagedFieldsEntry> entries() {
  const auto meta = parse<ManagedFieldsMeta>(R"({"managedFields":[
    {"manager":"local-registry-operator","time":"2026-01-01T00:00:09Z","fieldsV1":{"f:spec":{
      "f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"registry\"}":{"f:image":{}}}}}}}},
    {"manager":"old","time":"2026-01-01T00:00:01Z","fieldsV1":{"f:spec":{"f:replicas":{}}}},
    {"manager":"scaler","time":"2026-01-01T00:00:02Z","fieldsV1":{"f:spec":{"f:replicas":{},
      "f:tolerations":{}, "f:ports":{"k:{\"port\":5000,\"protocol\":\"TCP\"}":{"f:nodePort":{}}}},
      "f:metadata":{"f:labels":{"f:app.kubernetes.io/name":{}}}}},
    {"manager":"kubelet","subresource":"status","time":"2026-01-01T00:00:03Z",
     "fieldsV1":{"f:spec":{"f:replicas":{}}}}]})");
  return meta->managed_fields;
}

std::string manager_of(const std::string& path) {
  return other_manager_of(entries(), path, "local-registry-operator");
}

TEST(ManagedFields, TheLatestOtherManagerOfAFieldIsFound) {
  EXPECT_EQ(manager_of("spec.replicas"), "scaler") << "a status is no field of the object";
  EXPECT_EQ(manager_of("spec.ports[5000].nodePort"), "scaler");
  EXPECT_EQ(manager_of("metadata.labels[app.kubernetes.io/name]"), "scaler");
  EXPECT_EQ(manager_of("spec.tolerations[0].key"), "scaler") << "of an atomic list";
}

TEST(ManagedFields, TheLastChangeOfAnObjectIsThatOfItsLatestManagerButNotOfItsStatus) {
  std::vector<ManagedFieldsEntry> list = entries();
  EXPECT_EQ(last_change(list), base::parse_time("2026-01-01T00:00:09Z"));
  list.erase(list.begin());
  EXPECT_EQ(last_change(list), base::parse_time("2026-01-01T00:00:02Z"));
  EXPECT_EQ(last_change({}), base::Time());
}

TEST(ManagedFields, AFieldThatOnlyTheOwnManagerHasIsNobodyElses) {
  EXPECT_EQ(manager_of("spec.template.spec.containers[registry].image"), "");
  EXPECT_EQ(manager_of("spec.ports[5001].nodePort"), "");
  EXPECT_EQ(manager_of("metadata.labels[other]"), "");
  EXPECT_EQ(manager_of("spec"), "scaler");
  EXPECT_EQ(manager_of("spec.["), "") << "no path";
}

}  // namespace
}  // namespace api
