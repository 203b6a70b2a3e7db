// These tests run the client against a real kube-apiserver and check what the code relies on.
#include "kube/client.h"

#include "api/apps.h"
#include "api/coordination.h"
#include "api/local_registry.h"
#include "contract/contract.h"
#include "kube/status.h"
#include "reconcile/children/children.h"

namespace contract {

// Absent is the type of a CRD that is not installed.
struct Absent {
  api::ObjectMeta metadata;
};

}  // namespace contract

template <>
struct api::Resource<contract::Absent> {
  static constexpr ResourceType kType = {"absent.example", "v1", "Absent", "absents"};
};

template <>
struct json::Fields<contract::Absent> {
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &contract::Absent::metadata));
};

namespace contract {
namespace {

using base::ErrorCode;
using kube::ApplyGuard;
using kube::Propagation;
using testing::HasSubstr;

constexpr auto kOtherUid = "00000000-0000-4000-8000-000000000000";

api::PodTemplateSpec pod_template() {
  api::PodTemplateSpec pod;
  pod.metadata.labels = {{"app", "registry"}};
  api::Container container;
  container.name = "registry";
  container.image = "registry:2.8.1";
  pod.spec.containers.push_back(container);
  return pod;
}

template <class T>
T minimal(const api::ObjectMeta& meta);

template <>
api::Service minimal(const api::ObjectMeta& meta) {
  return service_of(meta);
}

template <>
api::Deployment minimal(const api::ObjectMeta& meta) {
  api::Deployment deployment;
  deployment.metadata = meta;
  deployment.spec.selector.match_labels = {{"app", "registry"}};
  deployment.spec.pod_template = pod_template();
  return deployment;
}

template <>
api::StatefulSet minimal(const api::ObjectMeta& meta) {
  api::StatefulSet set;
  set.metadata = meta;
  set.spec.service_name = "registry";
  set.spec.selector.match_labels = {{"app", "registry"}};
  set.spec.pod_template = pod_template();
  return set;
}

template <>
api::PersistentVolumeClaim minimal(const api::ObjectMeta& meta) {
  api::PersistentVolumeClaim claim;
  claim.metadata = meta;
  claim.spec.access_modes = {"ReadWriteOnce"};
  claim.spec.resources.requests["storage"] = api::Quantity{"1Gi"};
  return claim;
}

template <>
api::LocalRegistry minimal(const api::ObjectMeta& meta) {
  api::LocalRegistry registry;
  registry.metadata = meta;
  return registry;
}

template <class T>
class ApplyContract : public ContractTest {};

using Children =
    testing::Types<api::Deployment, api::StatefulSet, api::Service, api::PersistentVolumeClaim>;
TYPED_TEST_SUITE(ApplyContract, Children);

TYPED_TEST(ApplyContract, CreateOnlyCreatesWhatIsAbsentAndConflictsWithWhatIsThere) {
  const auto object = minimal<TypeParam>(this->named("registry"));
  const auto created = this->result_of(this->client.apply(object, ApplyGuard::create_only()));
  ASSERT_TRUE(created) << base::to_string(created.error());
  EXPECT_FALSE(created->metadata.uid.empty());
  const auto again = this->result_of(this->client.apply(object, ApplyGuard::create_only()));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kConflict) << base::to_string(again.error());
  const auto seen = this->result_of(this->client.template get<TypeParam>(this->key("registry")));
  EXPECT_EQ(seen->metadata.resource_version, created->metadata.resource_version);
}

TYPED_TEST(ApplyContract, AUidUpdatesItsObjectAndConflictsWithAnyOther) {
  auto object = minimal<TypeParam>(this->named("registry"));
  const auto created = this->result_of(this->client.apply(object, ApplyGuard::create_only()));
  object.metadata.labels["app"] = "yes";
  const auto updated =
      this->result_of(this->client.apply(object, ApplyGuard::uid(created->metadata.uid)));
  ASSERT_TRUE(updated) << base::to_string(updated.error());
  EXPECT_EQ(updated->metadata.labels.at("app"), "yes");
  const auto other = this->result_of(this->client.apply(object, ApplyGuard::uid(kOtherUid)));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kConflict) << base::to_string(other.error());
}

TYPED_TEST(ApplyContract, WhatHasChangedSinceItWasReadIsNotUpdated) {
  auto object = minimal<TypeParam>(this->named("registry"));
  const auto created = this->result_of(this->client.apply(object, ApplyGuard::create_only()));
  object.metadata.labels["app"] = "yes";
  const auto updated =
      this->result_of(this->client.apply(object, ApplyGuard::unchanged(created->metadata)));
  ASSERT_TRUE(updated) << base::to_string(updated.error());
  EXPECT_EQ(updated->metadata.labels.at("app"), "yes");
  object.metadata.labels["app"] = "again";
  const auto late =
      this->result_of(this->client.apply(object, ApplyGuard::unchanged(created->metadata)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kConflict) << base::to_string(late.error());
}

TYPED_TEST(ApplyContract, AUidDoesNotCreateWhatIsGone) {
  const auto object = minimal<TypeParam>(this->named("registry"));
  const auto applied = this->result_of(this->client.apply(object, ApplyGuard::uid(kOtherUid)));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::kConflict) << base::to_string(applied.error());
  const auto seen = this->result_of(this->client.template get<TypeParam>(this->key("registry")));
  EXPECT_EQ(seen.error().code, ErrorCode::kNotFound);
}

TYPED_TEST(ApplyContract, AnApplyThatChangesNothingLeavesTheVersion) {
  const auto object = minimal<TypeParam>(this->named("registry"));
  const auto created = this->result_of(this->client.apply(object, ApplyGuard::create_only()));
  const auto again =
      this->result_of(this->client.apply(object, ApplyGuard::uid(created->metadata.uid)));
  ASSERT_TRUE(again) << base::to_string(again.error());
  // The second apply of a PVC changes its resourceVersion once, although nothing in it differs.
  const auto last =
      this->result_of(this->client.apply(object, ApplyGuard::uid(created->metadata.uid)));
  ASSERT_TRUE(last) << base::to_string(last.error());
  EXPECT_EQ(last->metadata.resource_version, again->metadata.resource_version);
}

TYPED_TEST(ApplyContract, ADeleteGivesTheObjectOnlyWhenItStays) {
  const auto object = minimal<TypeParam>(this->named("registry"));
  const auto created = this->result_of(this->client.apply(object, ApplyGuard::create_only()));
  const auto wrong = this->result_of(this->client.template remove<TypeParam>(
      this->key("registry"), {kOtherUid, ""}, Propagation::kBackground));
  EXPECT_EQ(wrong.error().code, ErrorCode::kConflict);
  const auto stale = this->result_of(this->client.template remove<TypeParam>(
      this->key("registry"), {created->metadata.uid, "1"}, Propagation::kBackground));
  EXPECT_EQ(stale.error().code, ErrorCode::kConflict);
  const auto left = this->result_of(this->client.template remove<TypeParam>(
      this->key("registry"), {created->metadata.uid, created->metadata.resource_version},
      Propagation::kBackground));
  ASSERT_TRUE(left) << base::to_string(left.error());
  const auto seen = this->result_of(this->client.template get<TypeParam>(this->key("registry")));
  EXPECT_EQ(left->has_value(), seen.has_value());
  if (seen) {
    EXPECT_EQ((*left)->metadata.resource_version, seen->metadata.resource_version);
  }
}

TYPED_TEST(ApplyContract, AForegroundDeleteLeavesTheObjectWithItsDeletionTimestamp) {
  const auto object = minimal<TypeParam>(this->named("registry"));
  const auto created = this->result_of(this->client.apply(object, ApplyGuard::create_only()));
  const auto left = this->result_of(this->client.template remove<TypeParam>(
      this->key("registry"), {created->metadata.uid, ""}, Propagation::kForeground));
  ASSERT_TRUE(left) << base::to_string(left.error());
  ASSERT_TRUE(left->has_value());
  EXPECT_TRUE((*left)->metadata.deletion_timestamp);
  EXPECT_GT((*left)->metadata.resource_version, created->metadata.resource_version);
}

class ClientContract : public ContractTest {
 protected:
  api::LocalRegistry make_registry() {
    return *result_of(client.create(minimal<api::LocalRegistry>(named("registry"))));
  }
};

TEST_F(ClientContract, AClaimIsHeldByItsProtectionAndAServiceIsNot) {
  const auto claim = result_of(client.create(minimal<api::PersistentVolumeClaim>(named("data"))));
  const auto held = result_of(client.remove<api::PersistentVolumeClaim>(
      key("data"), {claim->metadata.uid, ""}, Propagation::kBackground));
  ASSERT_TRUE(held->has_value());
  EXPECT_THAT((*held)->metadata.finalizers, testing::Contains("kubernetes.io/pvc-protection"));
  const auto service = result_of(client.create(service_of(named("registry"))));
  const auto gone = result_of(client.remove<api::Service>(
      key("registry"), {service->metadata.uid, ""}, Propagation::kBackground));
  EXPECT_FALSE(gone->has_value());
}

TEST_F(ClientContract, AnObjectIsGoneWithItsLastFinalizer) {
  auto registry = minimal<api::LocalRegistry>(named("registry"));
  registry.metadata.finalizers = {"localregistry.dev/cleanup"};
  const auto created = result_of(client.create(registry));
  const auto left = result_of(client.remove<api::LocalRegistry>(
      key("registry"), {created->metadata.uid, ""}, Propagation::kBackground));
  ASSERT_TRUE(left->has_value());
  EXPECT_TRUE((*left)->metadata.deletion_timestamp);
  const auto stale = result_of(client.set_finalizers<api::LocalRegistry>(created->metadata, {}));
  EXPECT_EQ(stale.error().code, ErrorCode::kConflict) << "it has changed since";
  EXPECT_TRUE(result_of(client.set_finalizers<api::LocalRegistry>((*left)->metadata, {})));
  const auto seen = result_of(client.get<api::LocalRegistry>(key("registry")));
  EXPECT_EQ(seen.error().code, ErrorCode::kNotFound);
}

TEST_F(ClientContract, TheStatusIsAppliedAlone) {
  api::LocalRegistry registry = make_registry();
  registry.spec.port = 7777;
  registry.status.node_port = 31000;
  const auto applied = result_of(client.apply_status(registry));
  ASSERT_TRUE(applied) << base::to_string(applied.error());
  EXPECT_EQ(applied->status.node_port, 31000);
  EXPECT_EQ(applied->spec.port, 5000);
  EXPECT_EQ(applied->metadata.generation, registry.metadata.generation);
}

TEST_F(ClientContract, TheStatusOfAChangedOrGoneObjectIsNotWritten) {
  api::LocalRegistry registry = make_registry();
  registry.status.node_port = 31000;
  ASSERT_TRUE(result_of(client.apply_status(registry)));
  registry.status.node_port = 31001;
  EXPECT_EQ(result_of(client.apply_status(registry)).error().code, ErrorCode::kConflict);
  registry.metadata.resource_version.clear();
  EXPECT_TRUE(result_of(client.apply_status(registry)));
  registry.metadata.name = "gone";
  EXPECT_EQ(result_of(client.apply_status(registry)).error().code, ErrorCode::kNotFound);
}

TEST_F(ClientContract, TheStatusOfAnObjectThatWasMadeAnewIsNotWritten) {
  api::LocalRegistry before = make_registry();
  ASSERT_TRUE(result_of(client.remove<api::LocalRegistry>(
      key("registry"), {before.metadata.uid, ""}, Propagation::kBackground)));
  const api::LocalRegistry after = make_registry();
  before.status.node_port = 31000;
  EXPECT_EQ(result_of(client.apply_status(before)).error().code, ErrorCode::kConflict);
  EXPECT_EQ(result_of(client.get<api::LocalRegistry>(key("registry")))->metadata.resource_version,
            after.metadata.resource_version);
}

TEST_F(ClientContract, WhatAnApplyNoLongerSaysIsTakenAway) {
  auto service = service_of(named("registry"));
  service.metadata.labels = {{"app", "a"}, {"app.kubernetes.io/name", "b"}};
  const auto created = result_of(client.apply(service, ApplyGuard::create_only()));
  service.metadata.labels = {{"app", "a"}};
  const auto updated = result_of(client.apply(service, ApplyGuard::uid(created->metadata.uid)));
  EXPECT_EQ(updated->metadata.labels, (api::StringMap{{"app", "a"}}));
}

TEST_F(ClientContract, TheStrategyOfADeploymentIsResetWhereAnApplyIsRefused) {
  auto deployment = minimal<api::Deployment>(named("registry"));
  const auto made = result_of(client.apply(deployment, ApplyGuard::create_only()));
  ASSERT_TRUE(made) << base::to_string(made.error());
  ASSERT_TRUE(result_of(client.patch<api::Deployment>(
      key("registry"), R"({"spec":{"strategy":{"type":"RollingUpdate"}}})")));
  deployment.spec.strategy.type = "Recreate";
  const auto guard = ApplyGuard::uid(made->metadata.uid);
  EXPECT_EQ(result_of(client.apply(deployment, guard)).error().code, ErrorCode::kInvalid);

  api::ObjectMeta other = made->metadata;
  other.uid = kOtherUid;
  const auto refused = result_of(client.patch<api::Deployment>(
      key("registry"), api::encode_object(reconcile::build_strategy_patch(other))));
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  const auto reset = result_of(client.patch<api::Deployment>(
      key("registry"), api::encode_object(reconcile::build_strategy_patch(made->metadata))));
  ASSERT_TRUE(reset) << base::to_string(reset.error());
  EXPECT_EQ(reset->spec.strategy.type, "Recreate");
  EXPECT_EQ(reset->spec.strategy.rolling_update.text, "");
  EXPECT_EQ(reset->spec.pod_template, made->spec.pod_template);
  EXPECT_TRUE(result_of(client.apply(deployment, guard)));
}

TEST_F(ClientContract, ARefusedFieldIsNamed) {
  auto service = service_of(named("registry"));
  service.spec.type = "NodePort";
  service.spec.ports[0].node_port = 80;
  const auto refused = result_of(client.apply(service, ApplyGuard::create_only()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  ASSERT_FALSE(refused.error().causes.empty());
  EXPECT_EQ(refused.error().causes[0].field, "spec.ports[0].nodePort");
}

TEST_F(ClientContract, ATakenNodePortIsInvalidAndNamed) {
  auto service = service_of(named("one"));
  service.spec.type = "NodePort";
  const auto one = result_of(client.apply(service, ApplyGuard::create_only()));
  ASSERT_TRUE(one) << base::to_string(one.error());
  ASSERT_NE(one->spec.ports[0].node_port, 0);
  service.metadata.name = "two";
  service.spec.ports[0].node_port = one->spec.ports[0].node_port;
  const auto two = result_of(client.apply(service, ApplyGuard::create_only()));
  EXPECT_EQ(two.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(two.error().message, HasSubstr("already allocated"));
}

TEST_F(ClientContract, AnInvalidResourceIsRefusedByTheCrd) {
  auto registry = minimal<api::LocalRegistry>(named("registry"));
  registry.spec.port = 70000;
  const auto refused = result_of(client.create(registry));
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("spec.port"));
}

TEST_F(ClientContract, ACreateOfWhatIsThereAlreadyIsToldFromAConflict) {
  ASSERT_TRUE(result_of(client.create(service_of(named("registry")))));
  EXPECT_EQ(result_of(client.create(service_of(named("registry")))).error().code,
            ErrorCode::kAlreadyExists);
}

TEST_F(ClientContract, AMergePatchOfAnOldVersionIsAConflict) {
  api::Lease lease;
  lease.metadata = named("lease");
  lease.spec.holder_identity = "a";
  const auto created = result_of(client.create(lease));
  ASSERT_TRUE(created) << base::to_string(created.error());
  api::Lease change;
  change.metadata.uid = created->metadata.uid;
  change.metadata.resource_version = created->metadata.resource_version;
  change.spec.holder_identity = "";
  const auto patched = result_of(client.patch<api::Lease>(key("lease"), json::encode(change)));
  ASSERT_TRUE(patched) << base::to_string(patched.error());
  EXPECT_EQ(patched->spec.holder_identity, "");
  const auto again = result_of(client.patch<api::Lease>(key("lease"), json::encode(change)));
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
  change.metadata.uid = kOtherUid;
  change.metadata.resource_version.clear();
  const auto other = result_of(client.patch<api::Lease>(key("lease"), json::encode(change)));
  EXPECT_EQ(other.error().code, ErrorCode::kConflict);
}

TEST_F(ClientContract, AMissingObjectAndAMissingTypeAreToldApart) {
  const auto object = result_of(client.get<api::LocalRegistry>(key("none")));
  EXPECT_EQ(object.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(kube::is_missing_type(object.error())) << base::to_string(object.error());
  const auto absent = result_of(client.get<Absent>(key("none")));
  EXPECT_TRUE(kube::is_missing_type(absent.error())) << base::to_string(absent.error());
  const auto list = result_of(client.list<Absent>({}));
  EXPECT_TRUE(kube::is_missing_type(list.error())) << base::to_string(list.error());
  const auto removed =
      result_of(client.remove<api::Service>(key("none"), {}, Propagation::kBackground));
  EXPECT_EQ(removed.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(kube::is_missing_type(removed.error()));
}

TEST_F(ClientContract, AMissingNamespaceIsNoMissingType) {
  auto service = service_of(named("registry"));
  service.metadata.namespace_name = "there-is-none";
  const auto created = result_of(client.apply(service, ApplyGuard::create_only()));
  EXPECT_EQ(created.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(kube::is_missing_type(created.error()));
  EXPECT_THAT(created.error().message, HasSubstr("there-is-none"));
}

TEST_F(ClientContract, WhatOneMayNotDoIsForbidden) {
  const auto nobody = connect("nobody");
  const auto list = result_of(kube::Client(*nobody).list<api::Service>({}));
  EXPECT_EQ(list.error().code, ErrorCode::kForbidden);
  EXPECT_THAT(list.error().message, HasSubstr("cannot list resource \"services\""));
}

TEST_F(ClientContract, AListComesInPages) {
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_TRUE(result_of(client.create(service_of(named(name)))));
  }
  kube::ListOptions options;
  options.namespace_name = space;
  options.limit = 2;
  const auto first = result_of(client.list<api::Service>(options));
  ASSERT_TRUE(first) << base::to_string(first.error());
  EXPECT_EQ(first->items.size(), 2U);
  options.continue_token = first->metadata.continue_token;
  const auto second = result_of(client.list<api::Service>(options));
  EXPECT_EQ(second->items.size(), 1U);
  EXPECT_EQ(second->metadata.continue_token, "");
  EXPECT_EQ(second->metadata.resource_version, first->metadata.resource_version);
}

TEST_F(ClientContract, SelectorsOfAnySpellingArrive) {
  auto service = service_of(named("registry"));
  service.metadata.labels = {{"localregistry.dev/owner-uid", "a.b_c-d"}};
  ASSERT_TRUE(result_of(client.create(service)));
  kube::ListOptions options;
  options.namespace_name = space;
  options.label_selector = "localregistry.dev/owner-uid in (a.b_c-d, other),!absent";
  options.field_selector = "metadata.name=registry";
  const auto found = result_of(client.list<api::Service>(options));
  ASSERT_TRUE(found) << base::to_string(found.error());
  EXPECT_EQ(found->items.size(), 1U);
}

}  // namespace
}  // namespace contract
