#include "api/meta.h"

#include <gtest/gtest.h>

#include "api/apps.h"

namespace {

TEST(ObjectKey, IsWrittenAsKubectlWritesIt) {
  EXPECT_EQ(to_string(api::ObjectKey{"team-a", "dev"}), "team-a/dev");
  EXPECT_EQ(to_string(api::ObjectKey{"", "node-1"}), "node-1");
  api::ObjectMeta meta;
  meta.namespace_name = "team-a";
  meta.name = "dev";
  EXPECT_EQ(api::key_of(meta), (api::ObjectKey{"team-a", "dev"}));
}

TEST(ObjectKey, IsOrderedByNamespaceAndName) {
  EXPECT_LT((api::ObjectKey{"a", "z"}), (api::ObjectKey{"b", "a"}));
  EXPECT_LT((api::ObjectKey{"a", "a"}), (api::ObjectKey{"a", "b"}));
}

TEST(ResourceType, HasAnApiVersionWithAndWithoutAGroup) {
  EXPECT_EQ(api::api_version(api::Resource<api::Deployment>::kType), "apps/v1");
  EXPECT_EQ(api::api_version(api::Resource<api::Service>::kType), "v1");
}

TEST(Lookup, GivesTheValueOrNothing) {
  const api::StringMap map = {{"a", "1"}, {"empty", ""}};
  EXPECT_EQ(api::lookup(map, "a"), "1");
  EXPECT_EQ(api::lookup(map, "empty"), "");
  EXPECT_EQ(api::lookup(map, "b"), "");
}

TEST(Conditions, AreFoundByTheirType) {
  std::vector<api::Condition> conditions(2);
  conditions[0].type = "Ready";
  conditions[1].type = "Available";
  EXPECT_EQ(api::find_condition(conditions, "Available"), &conditions[1]);
  EXPECT_EQ(api::find_condition(conditions, "available"), nullptr);
  EXPECT_EQ(api::find_condition({}, "Ready"), nullptr);
}

TEST(Conditions, GiveTheirStatusAndReason) {
  std::vector<api::Condition> conditions(2);
  conditions[0].type = "Ready";
  conditions[0].status = "True";
  conditions[0].reason = "Works";
  conditions[1].type = "Available";
  conditions[1].status = "Unknown";
  EXPECT_TRUE(api::is_true(conditions, "Ready"));
  EXPECT_FALSE(api::is_true(conditions, "Available"));
  EXPECT_FALSE(api::is_true(conditions, "Other"));
  EXPECT_EQ(api::reason_of(conditions, "Ready"), "Works");
  EXPECT_EQ(api::reason_of(conditions, "Other"), "");
}

TEST(ObjectMeta, IsReducedToTheIdentityOrTheVersionOfItsObject) {
  const auto meta = json::parse<api::ObjectMeta>(
      R"({"name":"a","namespace":"b","uid":"c","resourceVersion":"7","labels":{"app":"x"}})");
  ASSERT_TRUE(meta);
  EXPECT_EQ(json::encode(api::identity_of(*meta)), R"({"name":"a","namespace":"b","uid":"c"})");
  EXPECT_EQ(json::encode(api::version_of(*meta)),
            R"({"name":"a","namespace":"b","uid":"c","resourceVersion":"7"})");
}

TEST(ObjectMeta, NeverKeepsManagedFields) {
  const auto meta = json::parse<api::ObjectMeta>(
      R"({"name":"a","managedFields":[{"manager":"x","fieldsV1":{"f:spec":{}}}]})");
  ASSERT_TRUE(meta);
  EXPECT_EQ(json::encode(*meta), R"({"name":"a"})");
}

}  // namespace
