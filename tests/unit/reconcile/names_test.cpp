#include "reconcile/children/names.h"

#include <gtest/gtest.h>

#include "reconcile/children/children.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

using namespace reconcile;

class Names : public testing::Test {
 protected:
  api::ObjectMeta meta() { return build_deployment(registry, true).metadata; }
  api::ObjectMeta meta_elsewhere() {
    api::LocalRegistry elsewhere = registry;
    elsewhere.spec.namespace_name = "shared";
    return build_deployment(elsewhere, true).metadata;
  }

  api::LocalRegistry registry = a_registry();
};

TEST_F(Names, WhatIsBuiltIsOwned) {
  EXPECT_TRUE(is_owned(meta(), registry));
  EXPECT_TRUE(is_owned(meta_elsewhere(), registry));
  EXPECT_FALSE(is_inherited(meta(), registry));
  EXPECT_EQ(owner_uid(meta()), "uid-dev");
  EXPECT_EQ(owner_key(meta()), (api::ObjectKey{"team-a", "dev"}));
  EXPECT_TRUE(is_managed(meta()));
}

TEST_F(Names, NothingIsOwnedByAResourceWithoutAUid) {
  api::ObjectMeta nobodys;
  registry.metadata.uid.clear();
  EXPECT_FALSE(is_owned(nobodys, registry));
}

TEST_F(Names, TheControllerDecidesWhateverTheLabelSays) {
  api::ObjectMeta taken = meta();
  taken.owner_references = {{"apps/v1", "Deployment", "x", "uid-x", true, {}}};
  EXPECT_FALSE(belongs_to(taken, registry));
  EXPECT_EQ(owner_uid(taken), "");
}

TEST_F(Names, ARegistryOfAnotherGroupIsAnotherController) {
  api::ObjectMeta taken = meta();
  taken.owner_references = {{"example.com/v1", "LocalRegistry", "dev", "uid-x", true, {}}};
  EXPECT_FALSE(belongs_to(taken, registry));
  EXPECT_EQ(owner_uid(taken), "");
  taken.owner_references.front().api_version = meta().owner_references.front().api_version;
  taken.owner_references.front().kind = "LocalRegistryPolicy";
  EXPECT_EQ(owner_uid(taken), "") << "and so is another kind of ours";
}

TEST_F(Names, OurUidIsOursWhateverElseTheReferenceSays) {
  api::ObjectMeta spoilt = meta();
  spoilt.owner_references.front().kind = "X";
  EXPECT_TRUE(is_owned(spoilt, registry));
}

TEST_F(Names, AnOwnerThatDoesNotControlIsNoController) {
  api::ObjectMeta shared = meta();
  shared.owner_references.insert(shared.owner_references.begin(),
                                 {"v1", "ConfigMap", "x", "uid-x", {}, {}});
  EXPECT_TRUE(is_owned(shared, registry));
}

TEST_F(Names, WhatAnEarlierResourceOfTheNameLeftIsInherited) {
  const api::ObjectMeta left = meta();
  registry.metadata.uid = "uid-next";
  EXPECT_FALSE(is_owned(left, registry));
  EXPECT_TRUE(is_inherited(left, registry));
  registry.metadata.name = "another";
  EXPECT_FALSE(belongs_to(left, registry));
}

TEST_F(Names, AnObjectInTheOwnNamespaceThatLostItsUidIsInheritedByItsName) {
  api::ObjectMeta robbed = meta();
  robbed.owner_references.clear();
  robbed.labels.erase(std::string(kOwnerUidLabel));
  EXPECT_FALSE(is_owned(robbed, registry));
  EXPECT_TRUE(is_inherited(robbed, registry));
}

TEST_F(Names, OutsideTheOwnNamespaceOnlyTheUidLabelMakesAChild) {
  api::ObjectMeta robbed = meta_elsewhere();
  robbed.labels.erase(std::string(kOwnerUidLabel));
  EXPECT_FALSE(belongs_to(robbed, registry)) << "the annotation is not believed";
  robbed.owner_references = meta().owner_references;
  EXPECT_FALSE(belongs_to(robbed, registry)) << "neither is an owner reference";
  EXPECT_EQ(owner_uid(robbed), "");
  robbed.labels[std::string(kOwnerUidLabel)] = "uid-dev";
  EXPECT_TRUE(belongs_to(robbed, registry));
  robbed.owner_references = {{"apps/v1", "Deployment", "x", "uid-x", true, {}}};
  EXPECT_FALSE(belongs_to(robbed, registry)) << "another controller has taken it";
}

TEST_F(Names, AnObjectElsewhereOfAnEarlierResourceIsAnOrphan) {
  EXPECT_FALSE(is_orphan(meta_elsewhere(), registry));
  api::ObjectMeta left = meta_elsewhere();
  left.labels[std::string(kOwnerUidLabel)] = "uid-earlier";
  EXPECT_TRUE(is_orphan(left, registry));
  api::ObjectMeta other = left;
  other.annotations[std::string(kOwnerAnnotation)] = "team-a/other";
  EXPECT_FALSE(is_orphan(other, registry));
  other = left;
  other.owner_references = {{"v1", "ConfigMap", "x", "uid-x", {}, {}}};
  EXPECT_FALSE(is_orphan(other, registry)) << "garbage collection removes it";
  other = left;
  other.labels.erase(std::string(kOwnerUidLabel));
  EXPECT_FALSE(is_orphan(other, registry)) << "it may be a living resource's";
  other = left;
  other.namespace_name = "team-a";
  EXPECT_FALSE(is_orphan(other, registry)) << "there it is inherited";
}

TEST_F(Names, AnOwnerThatCannotBeANameIsNoOwner) {
  for (const char* text : {"a/..", "../b", "a/b/c", "a/", "/b", "a/B", "a/b?x=y", "a/-b", "a/b."}) {
    api::ObjectMeta forged = meta();
    forged.annotations[std::string(kOwnerAnnotation)] = text;
    EXPECT_EQ(owner_key(forged), api::ObjectKey()) << text;
  }
}

TEST_F(Names, WhatLostAllLabelsIsForeign) {
  api::ObjectMeta robbed = meta_elsewhere();
  robbed.labels.clear();
  EXPECT_FALSE(belongs_to(robbed, registry));
}

TEST_F(Names, AnOwnerThatCannotBeReadIsNobody) {
  api::ObjectMeta robbed = meta();
  robbed.annotations[std::string(kOwnerAnnotation)] = "no slash";
  EXPECT_EQ(owner_key(robbed), (api::ObjectKey{"team-a", "dev"})) << "the reference tells too";
  robbed.owner_references = {{"apps/v1", "Deployment", "x", "uid-x", true, {}}};
  EXPECT_EQ(owner_key(robbed), api::ObjectKey());
  robbed.owner_references.clear();
  EXPECT_EQ(owner_key(robbed), api::ObjectKey());
}

TEST_F(Names, TheFinalizerIsFoundAmongOthers) {
  api::ObjectMeta holder;
  holder.finalizers = {"example.com/a", "localregistry.dev/cleanup"};
  EXPECT_TRUE(has_finalizer(holder));
  holder.finalizers.pop_back();
  EXPECT_FALSE(has_finalizer(holder));
}

}  // namespace
}  // namespace test
