#include "reconcile/status/storage.h"

#include <gtest/gtest.h>

#include "reconcile/children/children.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

class Storage : public testing::Test {
 protected:
  void SetUp() override {
    change([](auto& spec) {
      spec.persistence.enabled = true;
      spec.persistence.storage_class_name = "fast";
    });
    world.converge();
  }

  void change(const std::function<void(api::LocalRegistrySpec&)>& edit) {
    api::LocalRegistrySpec spec = world.registry->spec;
    edit(spec);
    world.change_spec(spec);
  }

  std::string judge() {
    const reconcile::StorageState state = reconcile::compute_storage_ready(world.observe());
    return (state.ready ? "ready " : "not ready ") + std::string(state.reason);
  }

  void fail(base::ErrorCode code) { world.failures = {{ObjectRole::kPvc, {code, "no"}}}; }

  api::PersistentVolumeClaim& pvc() { return *world.find<api::PersistentVolumeClaim>(); }

  World world{a_registry()};
};

TEST_F(Storage, EachPhaseOfTheClaimIsTold) {
  EXPECT_EQ(judge(), "ready Bound");
  pvc().status.phase = "Pending";
  EXPECT_EQ(judge(), "not ready Pending");
  pvc().status.phase = "";
  EXPECT_EQ(judge(), "not ready Pending");
  pvc().status.phase = "Lost";
  EXPECT_EQ(judge(), "not ready Lost");
  pvc().metadata.deletion_timestamp = world.now;
  EXPECT_EQ(judge(), "not ready Deleting");
  world.all<api::PersistentVolumeClaim>().clear();
  EXPECT_EQ(judge(), "not ready Pending");
}

TEST_F(Storage, WithoutPersistenceThereIsNothingToWaitFor) {
  change([](auto& spec) { spec.persistence.enabled = false; });
  EXPECT_EQ(judge(), "ready Ephemeral");
  change([](auto& spec) { spec.enabled = false; });
  EXPECT_EQ(judge(), "not ready NotDeployed");
}

TEST_F(Storage, AKeptClaimIsToldOfWithoutARegistry) {
  change([](auto& spec) { spec.enabled = false; });
  EXPECT_EQ(judge(), "ready Bound");
}

TEST_F(Storage, WithoutARegistryAndWithoutAClaimThereIsNothing) {
  change([](auto& spec) { spec.enabled = false; });
  world.all<api::PersistentVolumeClaim>().clear();
  EXPECT_EQ(judge(), "not ready NotDeployed");
}

TEST_F(Storage, ASizeThatCannotBeReadIsNotSmaller) {
  pvc().spec.resources.requests["storage"].text = "much";
  EXPECT_EQ(judge(), "ready Bound");
}

TEST_F(Storage, WhatAClaimCannotBecomeIsRefused) {
  change([](auto& spec) { spec.persistence.size.text = "4Gi"; });
  EXPECT_EQ(judge(), "not ready ShrinkRefused");
  change([](auto& spec) { spec.persistence.size.text = "5120Mi"; });
  EXPECT_EQ(judge(), "ready Bound");
  change([](auto& spec) { spec.persistence.storage_class_name = "slow"; });
  EXPECT_EQ(judge(), "not ready StorageClassChangeRefused");
  change([](auto& spec) { spec.persistence.storage_class_name.reset(); });
  EXPECT_EQ(judge(), "ready Bound");
}

TEST_F(Storage, AnExpansionThatGoesOnIsReady) {
  pvc().spec.resources.requests["storage"].text = "8Gi";
  change([](auto& spec) { spec.persistence.size.text = "8Gi"; });
  EXPECT_EQ(judge(), "ready Expanding");
}

TEST_F(Storage, OnlyARefusedGrowthIsARefusedExpansion) {
  fail(base::ErrorCode::kForbidden);
  EXPECT_EQ(judge(), "not ready Forbidden");
  change([](auto& spec) { spec.persistence.size.text = "8Gi"; });
  EXPECT_EQ(judge(), "not ready ExpansionRefused");
  fail(base::ErrorCode::kTimeout);
  EXPECT_EQ(judge(), "not ready Failed");
  world.all<api::PersistentVolumeClaim>().clear();
  fail(base::ErrorCode::kForbidden);
  EXPECT_EQ(judge(), "not ready Forbidden");
}

TEST_F(Storage, AQuotaThatRefusesTheClaimIsTheReason) {
  world.all<api::PersistentVolumeClaim>().clear();
  world.failures = {
      {ObjectRole::kPvc, {base::ErrorCode::kForbidden, "forbidden: exceeded quota: tight"}}};
  EXPECT_EQ(judge(), "not ready QuotaExceeded");
}

TEST_F(Storage, ASizeThatTheApiServerRoundsUpIsNoShrinking) {
  pvc().spec.resources.requests["storage"].text = "1m";
  pvc().status.capacity["storage"].text = "1m";
  change([](auto& spec) { spec.persistence.size.text = "1n"; });
  EXPECT_EQ(judge(), "ready Bound");
  EXPECT_EQ(reconcile::build_pvc(*world.registry, nullptr).spec.resources.requests.at("storage"),
            api::Quantity{"1m"});
}

TEST_F(Storage, ABuiltClaimNeverAsksForLessOrForAnotherClass) {
  change([](auto& spec) {
    spec.persistence.size.text = "1Gi";
    spec.persistence.storage_class_name = "slow";
  });
  const auto built = reconcile::build_pvc(*world.registry, &pvc());
  EXPECT_EQ(built.spec.resources.requests.at("storage").text, "5Gi");
  EXPECT_EQ(built.spec.storage_class_name, "fast");
  const auto anew = reconcile::build_pvc(*world.registry, nullptr);
  EXPECT_EQ(anew.spec.resources.requests.at("storage").text, "1Gi");
  EXPECT_EQ(anew.spec.storage_class_name, "slow");
  EXPECT_TRUE(anew.metadata.owner_references.empty()) << "garbage collection never takes it";
}

}  // namespace
}  // namespace test
