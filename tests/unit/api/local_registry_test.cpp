#include "api/local_registry.h"

#include <gtest/gtest.h>

namespace {

api::LocalRegistry decode(const std::string& text) {
  const auto result = json::parse<api::LocalRegistry>(text);
  EXPECT_TRUE(result) << to_string(result.error());
  return result ? *result : api::LocalRegistry();
}

TEST(LocalRegistry, OfFiveLinesHasTheDefaultsOfItsDefinition) {
  const auto registry = decode(R"({"apiVersion":"localregistry.dev/v1alpha1",
      "kind":"LocalRegistry","metadata":{"name":"dev","namespace":"team-a"},"spec":{}})");
  const api::LocalRegistrySpec& spec = registry.spec;
  EXPECT_FALSE(spec.enabled);
  EXPECT_FALSE(spec.localbuild);
  EXPECT_EQ(spec.namespace_name, "");
  EXPECT_EQ(spec.name, "registry");
  EXPECT_EQ(spec.image, "registry:2.8.1");
  EXPECT_EQ(spec.buildkit_image, "moby/buildkit:master-rootless");
  EXPECT_EQ(spec.port, 5000);
  EXPECT_EQ(spec.node_port, 0);
  EXPECT_FALSE(spec.persistence.enabled);
  EXPECT_EQ(spec.persistence.size.text, "5Gi");
  EXPECT_FALSE(spec.persistence.storage_class_name);
  EXPECT_EQ(spec.persistence.when_deleted, api::RetentionPolicy::kRetain);
  EXPECT_FALSE(spec.suspend);
  EXPECT_EQ(registry.status, api::LocalRegistryStatus());
  EXPECT_EQ(registry, decode(R"({"metadata":{"name":"dev","namespace":"team-a"}})"));
}

TEST(LocalRegistry, ItsImagesAreFoundByTheirName) {
  const auto registry = decode(R"({"spec":{"images":[{"name":"a","image":"x"}]}})");
  EXPECT_EQ(api::find_image(registry, "a"), &registry.spec.images.front());
  EXPECT_EQ(api::find_image(registry, "x"), nullptr);
}

TEST(LocalRegistry, NullsAndUnknownFieldsAreNothing) {
  EXPECT_EQ(decode(
                R"({"spec":{"enabled":null,"port":null,"persistence":null,"images":null,
                       "tests":[{"x":1}],"pushSecrets":null},"status":null})"),
            api::LocalRegistry());
}

TEST(LocalRegistry, HasTheImagesThatAreBuilt) {
  const api::LocalRegistry registry = decode(
      R"({"spec":{"images":[{"name":"backend","image":"ghcr.io/org/image","tags":["dev","v1"]},
                            {"name":"db","image":"postgres"}],"pushSecrets":[{"name":"a"}]},
          "status":{"images":[{"name":"backend","image":"ghcr.io/org/image",
                               "pushPermission":"Denied","delivery":"LocalRegistry",
                               "resolved":"localhost:31000/org/image","message":"why"},
                              {"name":"db","image":"postgres","pushPermission":"NotChecked"}]}})");
  ASSERT_EQ(registry.spec.images.size(), 2U);
  EXPECT_EQ(registry.spec.images[0].tags, (std::vector<std::string>{"dev", "v1"}));
  EXPECT_EQ(registry.spec.images[1], (api::ImageSpec{"db", "postgres", {}}));
  EXPECT_EQ(registry.spec.push_secrets[0].name, "a");
  ASSERT_EQ(registry.status.images.size(), 2U);
  EXPECT_EQ(registry.status.images[0],
            (api::ImageStatus{"backend", "ghcr.io/org/image", api::PushPermission::kDenied,
                              api::Delivery::kLocalRegistry, "localhost:31000/org/image", "why"}));
  EXPECT_EQ(registry.status.images[1].delivery, std::nullopt);
}

TEST(LocalRegistry, EnabledHasThreeStates) {
  EXPECT_EQ(decode(R"({"spec":{}})").spec.enabled, std::nullopt);
  EXPECT_EQ(decode(R"({"spec":{"enabled":true}})").spec.enabled, true);
  EXPECT_EQ(decode(R"({"spec":{"enabled":false}})").spec.enabled, false);
}

TEST(LocalRegistry, AWrongTypeIsReportedWithItsPath) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"spec":{"port":"5000"}})", "spec.port: expected a 32-bit integer, found a string"},
      {R"({"spec":{"persistence":{"size":true}}})",
       "spec.persistence.size: expected a quantity, found a boolean"},
      {R"({"spec":{"persistence":{"whenDeleted":"Keep"}}})",
       "spec.persistence.whenDeleted: expected Retain or Delete, found a string"},
      {R"({"status":{"delivery":"Elsewhere"}})",
       "status.delivery: expected LocalRegistry, KindLoad or Upstream, found a string"},
      {R"({"status":{"images":[{"name":"a","pushPermission":"Maybe"}]}})",
       "status.images[0].pushPermission: expected Granted, Denied, Unknown or NotChecked, found "
       "a string"},
      {R"({"spec":{"tolerations":[{"tolerationSeconds":"1"}]}})",
       "spec.tolerations[0].tolerationSeconds: expected an integer, found a string"},
      {R"({"metadata":{"labels":{"a":1}}})",
       "metadata.labels[a]: expected a string, found an integer"},
  };
  for (const auto& [text, message] : cases) {
    const auto result = json::parse<api::LocalRegistry>(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().message, message);
  }
}

TEST(LocalRegistry, RunsInItsOwnNamespaceUnlessItNamesAnother) {
  EXPECT_EQ(api::target_namespace(decode(R"({"metadata":{"namespace":"team-a"}})")), "team-a");
  EXPECT_EQ(api::target_namespace(
                decode(R"({"metadata":{"namespace":"team-a"},"spec":{"namespace":"shared"}})")),
            "shared");
}

TEST(LocalRegistry, DeliveriesAreNamedAsInItsStatus) {
  for (const char* name : {"LocalRegistry", "KindLoad", "Upstream"}) {
    const auto registry = decode(R"({"status":{"delivery":")" + std::string(name) + "\"}}");
    ASSERT_TRUE(registry.status.delivery);
    EXPECT_EQ(api::name(*registry.status.delivery), name);
  }
}

}  // namespace
