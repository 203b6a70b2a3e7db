#include "reconcile/children/children.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "json/sieve/sieve.h"
#include "reconcile/children/names.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

using testing::Contains;
using testing::Pair;
using testing::SizeIs;

api::LocalRegistry with_persistence() {
  api::LocalRegistry registry = a_registry();
  registry.spec.persistence.enabled = true;
  registry.spec.persistence.size.text = "5Gi";
  return registry;
}

TEST(Children, AStatefulSetRunsOnePodWithTheClaim) {
  const api::StatefulSet set = reconcile::build_stateful_set(with_persistence(), false);
  EXPECT_EQ(set.spec.replicas, 1);
  EXPECT_EQ(set.spec.service_name, "registry");
  EXPECT_EQ(set.spec.revision_history_limit, 1);
  ASSERT_THAT(set.spec.selector.match_labels, SizeIs(testing::Gt(0U)));
  for (const auto& [name, value] : set.spec.selector.match_labels) {
    EXPECT_THAT(set.spec.pod_template.metadata.labels, Contains(Pair(name, value)));
  }
  ASSERT_THAT(set.spec.pod_template.spec.volumes, SizeIs(1));
  const api::Volume& data = set.spec.pod_template.spec.volumes.front();
  ASSERT_TRUE(data.persistent_volume_claim);
  EXPECT_EQ(data.persistent_volume_claim->claim_name, "registry");
  EXPECT_FALSE(data.empty_dir);
}

// Returns specs that each have one field with another value than its default.
std::vector<api::LocalRegistrySpec> changed_specs() {
  std::vector<api::LocalRegistrySpec> specs;
  const auto add = [&](const auto& change) { change(specs.emplace_back()); };
  add([](auto& spec) { spec.enabled = true; });
  add([](auto& spec) { spec.localbuild = true; });
  add([](auto& spec) { spec.image = "registry:3"; });
  add([](auto& spec) { spec.buildkit_image = "buildkit:1"; });
  add([](auto& spec) { spec.port = 80; });
  add([](auto& spec) { spec.port = 5001; });
  add([](auto& spec) { spec.node_port = 31234; });
  add([](auto& spec) { spec.persistence.size.text = "8Gi"; });
  add([](auto& spec) { spec.persistence.storage_class_name = "fast"; });
  add([](auto& spec) { spec.persistence.when_deleted = api::RetentionPolicy::kDelete; });
  add([](auto& spec) { spec.image_pull_secrets = {{"pull"}}; });
  add([](auto& spec) { spec.resources.limits = {{"cpu", {"1"}}}; });
  add([](auto& spec) { spec.buildkit_resources.limits = {{"cpu", {"1"}}}; });
  add([](auto& spec) { spec.priority_class_name = "team-high"; });
  add([](auto& spec) { spec.node_selector = {{"disk", "ssd"}}; });
  add([](auto& spec) { spec.tolerations = {{"k", "Exists", "", "", {}}}; });
  add([](auto& spec) { spec.affinity.text = R"({"podAffinity":{}})"; });
  add([](auto& spec) { spec.suspend = true; });
  add([](auto& spec) { spec.images = {{"app", "ghcr.io/org/app", {}}}; });
  add([](auto& spec) { spec.push_secrets = {{"regcred"}}; });
  return specs;
}

// If the hash missed a change, the change would not reach a running registry. If the hash differed
// for the same pod, it would end the hold of its template.
TEST(Children, TheHashOfWhatTheUserChoseChangesWithThePodAndWithNothingElse) {
  const reconcile::AppliedPod before = reconcile::new_pod(a_registry(), true);
  for (const api::LocalRegistrySpec& spec : changed_specs()) {
    api::LocalRegistry registry = a_registry();
    registry.spec = spec;
    const auto after = reconcile::new_pod(registry, !spec.localbuild);
    EXPECT_EQ(after.pod_template == before.pod_template, after.inputs == before.inputs)
        << json::encode(spec);
  }
}

TEST(Children, OfATemplateThatIsTooLargeOnlyHashesAreRecorded) {
  api::LocalRegistry registry = a_registry();
  const std::string key(reconcile::kAppliedPodAnnotation);
  EXPECT_TRUE(reconcile::build_deployment(registry, true).metadata.annotations.contains(key));
  registry.spec.affinity.text = '"' + std::string(limits::kRecordedTemplateBytes, 'x') + '"';
  registry.metadata.annotations[std::string(reconcile::kRestartAnnotation)] = "now";
  const api::Deployment large = reconcile::build_deployment(registry, true);
  const std::string& record = large.metadata.annotations.at(key);
  const reconcile::AppliedPod pod = reconcile::new_pod(registry, true);
  EXPECT_EQ(record,
            pod.inputs + "," + pod.restart + "," + reconcile::hash(json::encode(pod.pod_template)));
  const auto found = reconcile::hashed_record(record);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->inputs, pod.inputs);
  EXPECT_EQ(found->restart, pod.restart);
  EXPECT_EQ(found->pod_template, reconcile::hash(json::encode(pod.pod_template)));
}

TEST(Children, AStrategyIsResetWithItsParametersInOneWrite) {
  api::ObjectMeta existing;
  existing.name = "registry";
  existing.uid = "uid-1";
  const api::Deployment patch = reconcile::build_strategy_patch(existing);
  EXPECT_EQ(patch.metadata.uid, "uid-1");
  EXPECT_EQ(patch.spec.strategy.type, "Recreate");
  EXPECT_EQ(patch.spec.strategy.rolling_update.text, "null");
}

TEST(Children, PortsAreResetAllAtOnceInTheServiceThatWasRead) {
  api::ObjectMeta existing;
  existing.name = "registry";
  existing.uid = "uid-1";
  existing.resource_version = "7";
  const api::Service wanted = reconcile::build_service(a_registry(), 30007);
  const api::Service patch = reconcile::build_ports_patch(existing, wanted);
  EXPECT_EQ(api::encode_object(patch),
            R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"registry","uid":"uid-1",)"
            R"("resourceVersion":"7"},"spec":{"ports":[{"name":"registry","protocol":"TCP",)"
            R"("port":5000,"targetPort":"registry","nodePort":30007}],)"
            R"("publishNotReadyAddresses":false}})");
}

TEST(Children, AnObjectWithoutAnOwnerHasNoLabelThatArgoCdTakesForItsOwn) {
  const auto is_labelled = [](const auto& object) {
    return object.metadata.labels.contains("app.kubernetes.io/instance");
  };
  EXPECT_FALSE(is_labelled(reconcile::build_pvc(with_persistence(), nullptr)));
  api::LocalRegistry registry = with_persistence();
  EXPECT_TRUE(is_labelled(reconcile::build_service(registry, 0)));
  registry.spec.namespace_name = "shared";
  EXPECT_FALSE(is_labelled(reconcile::build_service(registry, 0)));
  EXPECT_FALSE(is_labelled(reconcile::build_deployment(registry, true)));
  const api::StatefulSet set = reconcile::build_stateful_set(registry, true);
  EXPECT_FALSE(is_labelled(set));
  EXPECT_TRUE(is_labelled(set.spec.pod_template)) << "its selector needs it; pods have an owner";
}

TEST(Children, AClaimWhoseSizeCannotBeReadIsAskedForWhatIsWanted) {
  api::PersistentVolumeClaim existing;
  const auto asked_for = [&] {
    const auto pvc = reconcile::build_pvc(with_persistence(), &existing);
    return pvc.spec.resources.requests.at("storage").text;
  };
  EXPECT_EQ(asked_for(), "5Gi") << "it says no size";
  existing.spec.resources.requests["storage"].text = "much";
  EXPECT_EQ(asked_for(), "5Gi");
}

// The caches drop labels and annotations that the operator does not read (api::kKeptLabels). If
// they dropped one that the operator writes, the operator would heal it endlessly.
template <class T>
void expect_kept(const T& child) {
  const std::string text = api::encode_object(child);
  const std::string kept = json::sift(text, json::shape_of<T>(), api::kObjectBytes<T>);
  EXPECT_EQ(*json::parse<T>(kept), *json::parse<T>(text)) << kept;
}

TEST(Children, TheCachesKeepAllThatTheOperatorWrites) {
  api::LocalRegistry registry = with_persistence();
  registry.spec.namespace_name = "shared";
  registry.spec.node_selector = {{"kubernetes.io/os", "linux"}};
  registry.spec.affinity.text = R"({"nodeAffinity":{"x":")" + std::string(10000, 'x') + R"("}})";
  for (int i = 0; i < 16; ++i) {
    registry.spec.image_pull_secrets.push_back({"secret" + std::to_string(i)});
    registry.spec.tolerations.push_back({"key", "Equal", std::to_string(i), "NoSchedule", 7});
  }
  for (const char* own : {"team-a", "shared"}) {
    registry.metadata.namespace_name = own;
    expect_kept(reconcile::build_deployment(registry, true));
    expect_kept(reconcile::build_stateful_set(registry, true));
    expect_kept(reconcile::build_service(registry, 31234));
    expect_kept(reconcile::build_pvc(registry, nullptr));
  }
}

TEST(Children, AResourceAsLargeAsItsSchemaLetsItBeIsReadAsAWhole) {
  api::LocalRegistry registry = with_persistence();
  registry.metadata.resource_version = "1";
  for (int i = 0; i < 64; ++i) {
    const std::string name = std::string(60, 'n') + std::to_string(i);
    registry.spec.images.push_back({name, std::string(512, 'i'), {}});
    for (int tag = 0; tag < 16; ++tag) registry.spec.images.back().tags.emplace_back(128, 't');
    registry.status.images.push_back(
        {name, std::string(512, 'i'), {}, {}, std::string(1024, 'r'), std::string(1024, 'm')});
  }
  expect_kept(registry);
}

}  // namespace
}  // namespace test
