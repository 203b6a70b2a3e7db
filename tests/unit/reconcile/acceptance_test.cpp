#include "reconcile/checks/acceptance.h"

#include <gtest/gtest.h>

#include "reconcile/plan.h"
#include "reconcile/status/reasons.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

using reconcile::find_refusal;

bool allows(const std::string& list) {
  api::Namespace target = a_namespace("shared");
  target.metadata.annotations = {{"localregistry.dev/allow-from", list}};
  return reconcile::is_allowed(a_registry(), target);
}

TEST(Acceptance, ANamespaceAllowsWhomItNames) {
  EXPECT_TRUE(allows("team-a"));
  EXPECT_TRUE(allows("x,team-a"));
  EXPECT_TRUE(allows("x, team-a ,y"));
  EXPECT_TRUE(allows(",team-a"));
  EXPECT_TRUE(allows("x, ,team-a"));
}

TEST(Acceptance, ANamespaceAllowsNobodyElse) {
  EXPECT_FALSE(allows(""));
  EXPECT_FALSE(allows("*"));
  EXPECT_FALSE(allows("team"));
  EXPECT_FALSE(allows("team-a2"));
  EXPECT_FALSE(allows("xteam-a"));
  EXPECT_FALSE(allows("team-a/dev"));
  EXPECT_FALSE(allows("team-b;team-a"));
  EXPECT_FALSE(allows(" "));
  EXPECT_FALSE(allows("x,"));
}

TEST(Acceptance, TheOwnNamespaceNeedsNoAnnotation) {
  EXPECT_TRUE(reconcile::is_allowed(a_registry(), a_namespace("team-a")));
}

std::string refusal_of(const std::function<void(api::LocalRegistrySpec&)>& edit) {
  World world(a_registry());
  api::LocalRegistrySpec spec;
  edit(spec);
  world.change_spec(spec);
  const auto refusal = find_refusal(world.observe());
  return refusal ? refusal->message : "";
}

TEST(Acceptance, ASpecThatTheSchemaWouldRefuseIsRefusedByItsField) {
  const auto names = [](const std::string& field, auto edit) {
    return refusal_of(edit).rfind(field, 0) == 0;
  };
  EXPECT_TRUE(names("spec.port", [](auto& spec) { spec.port = 0; }));
  EXPECT_TRUE(names("spec.port", [](auto& spec) { spec.port = 65536; }));
  EXPECT_TRUE(names("spec.nodePort", [](auto& spec) { spec.node_port = -1; }));
  EXPECT_TRUE(names("spec.nodePort", [](auto& spec) { spec.node_port = 65536; }));
  EXPECT_TRUE(names("spec.name", [](auto& spec) { spec.name.clear(); }));
  EXPECT_TRUE(names("spec.name", [](auto& spec) { spec.name.assign(64, 'a'); }));
  EXPECT_TRUE(names("spec.image", [](auto& spec) { spec.image.clear(); }));
  EXPECT_TRUE(names("spec.persistence.size", [](auto& spec) { spec.persistence.size.text = "0"; }));
  EXPECT_TRUE(names("spec.persistence.size", [](auto& spec) { spec.persistence.size.text = "x"; }));
}

TEST(Acceptance, TheBoundsOfTheSpecAreAccepted) {
  EXPECT_EQ(refusal_of([](auto& spec) { spec.port = 1; }), "");
  EXPECT_EQ(refusal_of([](auto& spec) { spec.port = 65535; }), "");
  EXPECT_EQ(refusal_of([](auto& spec) { spec.node_port = 65535; }), "");
  EXPECT_EQ(refusal_of([](auto& spec) { spec.name.assign(63, 'a'); }), "");
}

TEST(Acceptance, AClaimIsUsableWhenNobodyElseLivesToUseIt) {
  World world(a_registry());
  api::LocalRegistrySpec spec;
  spec.persistence.enabled = true;
  world.change_spec(spec);
  EXPECT_FALSE(reconcile::pvc_is_usable(world.observe())) << "there is none";
  world.converge();
  EXPECT_TRUE(reconcile::pvc_is_usable(world.observe()));
  api::ObjectMeta& pvc = world.find<api::PersistentVolumeClaim>()->metadata;
  pvc.labels["localregistry.dev/owner-uid"] = "uid-other";
  pvc.annotations["localregistry.dev/owner"] = "team-b/other";
  EXPECT_FALSE(reconcile::pvc_is_usable(world.observe())) << "retained for another namespace";
  pvc.annotations["localregistry.dev/owner"] = "team-a/other";
  EXPECT_TRUE(reconcile::pvc_is_usable(world.observe())) << "retained by one who is gone";
  world.pvc_owner_may_exist = true;
  EXPECT_FALSE(reconcile::pvc_is_usable(world.observe()));
  world.pvc_owner_may_exist = false;
  const api::StringMap labels = pvc.labels;
  pvc.labels["app.kubernetes.io/managed-by"] = "somebody";
  EXPECT_FALSE(reconcile::pvc_is_usable(world.observe())) << "not made by this operator";
  pvc.labels = labels;
  pvc.labels.erase("localregistry.dev/owner-uid");
  EXPECT_FALSE(reconcile::pvc_is_usable(world.observe())) << "nobody can tell whose it is";
  pvc.labels.clear();
  EXPECT_FALSE(reconcile::pvc_is_usable(world.observe())) << "made by somebody else";
}

TEST(Acceptance, AnImageIsAllowedByAPrefixThatEndsWithAPartOfItsName) {
  using reconcile::image_is_allowed;
  EXPECT_TRUE(image_is_allowed("anything:1", {}));
  EXPECT_TRUE(image_is_allowed("ghcr.io/acme/tool:1", {"ghcr.io/acme"}));
  EXPECT_TRUE(image_is_allowed("ghcr.io/acme/tool:1", {"ghcr.io/acme/"}));
  EXPECT_TRUE(image_is_allowed("ghcr.io/acme/tool:1", {"x/y", "ghcr.io/"}));
  EXPECT_TRUE(image_is_allowed("registry:2.8.1", {"registry"}));
  EXPECT_TRUE(image_is_allowed("docker.io/library/registry:2.8.1", {"registry:2.8.1"}));
  EXPECT_TRUE(image_is_allowed("moby/buildkit:master-rootless", {"moby/buildkit"}));
  EXPECT_TRUE(image_is_allowed("localhost:5000/a/b", {"localhost:5000/a"}));
  EXPECT_FALSE(image_is_allowed("ghcr.io/acme-tools/x", {"ghcr.io/acme"}));
  EXPECT_FALSE(image_is_allowed("registry:2.8.1", {"registry:2"}));
  EXPECT_FALSE(image_is_allowed("registry-evil:1", {"registry"}));
  EXPECT_FALSE(image_is_allowed("evil.example/registry:2.8.1", {"registry"}));
  EXPECT_FALSE(image_is_allowed("evil.example/ghcr.io/acme/tool", {"ghcr.io/acme"}));
  EXPECT_FALSE(image_is_allowed("NOT AN IMAGE", {"registry"}));
}

class ForeignPod : public testing::Test {
 protected:
  std::string reason() const {
    const auto refusal = reconcile::find_foreign_refusal(registry, target, allowed_images);
    return refusal ? std::string(refusal->reason) : "";
  }

  api::LocalRegistry registry = a_registry();
  api::Namespace target = a_namespace("shared");
  std::vector<std::string> allowed_images;
};

TEST_F(ForeignPod, OnlyListedImagesRunInAnotherNamespace) {
  EXPECT_EQ(reason(), "");
  allowed_images = {"registry", "moby/buildkit"};
  EXPECT_EQ(reason(), "");
  registry.spec.image = "ghcr.io/evil/miner";
  EXPECT_EQ(reason(), "ImageNotAllowed");
  registry.spec.image = "registry:3";
  registry.spec.buildkit_image = "ghcr.io/evil/miner";
  EXPECT_EQ(reason(), "ImageNotAllowed");
  registry.spec.localbuild = true;
  EXPECT_EQ(reason(), "") << "it is not used";
}

TEST_F(ForeignPod, OnlyPullSecretsThatTheNamespaceListsAreUsed) {
  registry.spec.image_pull_secrets = {{"pull"}, {"more"}};
  EXPECT_EQ(reason(), "PullSecretNotAllowed");
  target.metadata.annotations = {{"localregistry.dev/allow-pull-secrets", "pull"}};
  EXPECT_EQ(reason(), "PullSecretNotAllowed");
  target.metadata.annotations = {{"localregistry.dev/allow-pull-secrets", "pull, more"}};
  EXPECT_EQ(reason(), "");
}

TEST_F(ForeignPod, InItsOwnNamespaceAResourceIsAsFreeAsItsAuthor) {
  target = a_namespace("team-a");
  allowed_images = {"registry"};
  registry.spec.image = "ghcr.io/acme/registry";
  registry.spec.image_pull_secrets = {{"pull"}};
  EXPECT_EQ(reason(), "");
}

TEST(Acceptance, AConflictIsNotTakenBackByAReadThatFailed) {
  api::LocalRegistry registry = a_registry();
  registry.status.conditions = {
      {"Accepted", "False", std::string(reconcile::reason::kNameConflict), "", 1, {}}};
  World world(registry);
  world.failures.push_back(
      {ObjectRole::kLocalRegistry, {base::ErrorCode::kTimeout, "no answer"}, 0});
  const reconcile::Plan plan = reconcile::plan(world.observe());
  ASSERT_TRUE(plan.status);
  EXPECT_EQ(condition(*plan.status, "Accepted"), "False NameConflict") << "it is in no cache";
  EXPECT_EQ(condition(*plan.status, "Converged"), "False Failed");
  EXPECT_TRUE(plan.actions.empty());
}

// Observes a converged world whose resource the cache keeps only in part.
reconcile::Observed part_of(World& world, json::Kept kept) {
  reconcile::Observed observed = world.observe();
  auto registry = std::make_shared<api::LocalRegistry>(*observed.registry);
  registry->metadata.kept = kept;
  if (kept == json::Kept::kNoRoom) {
    registry->spec = {};
    registry->status = {};
  }
  observed.registry = registry;
  return observed;
}

TEST(Acceptance, OfAResourceThatIsKnownInPartNothingIsWrittenButWhy) {
  for (const auto kept : {json::Kept::kPart, json::Kept::kIdentity}) {
    World world(a_registry());
    world.converge();
    const reconcile::Plan plan = reconcile::plan(part_of(world, kept));
    EXPECT_TRUE(plan.actions.empty());
    ASSERT_TRUE(plan.status);
    const auto* accepted = api::find_condition(plan.status->conditions, "Accepted");
    ASSERT_NE(accepted, nullptr);
    EXPECT_EQ(accepted->status, "False");
    EXPECT_EQ(accepted->reason, "TooLarge");
    EXPECT_EQ(api::find_condition(plan.status->conditions, "Ready")->reason, "TooLarge");
    EXPECT_NE(plan.status->node_port, 0) << "what is in the status stays";
    EXPECT_EQ(plan.status->url, world.observe().registry->status.url);
  }
}

TEST(Acceptance, AResourceWithoutRoomIsLeftAsItIs) {
  World world(a_registry());
  world.converge();
  const reconcile::Observed observed = part_of(world, json::Kept::kNoRoom);
  const reconcile::Plan plan = reconcile::plan(observed);
  EXPECT_TRUE(plan.actions.empty());
  EXPECT_FALSE(plan.status) << "it would remove the fields of the status that are not known";
  EXPECT_EQ(reconcile::find_missing_part(*observed.registry)->reason, reconcile::reason::kNoRoom);
}

TEST(Acceptance, AChildThatIsKnownInPartIsNotWritten) {
  World world(a_registry());
  world.converge();
  for (const auto kept : {json::Kept::kPart, json::Kept::kNoRoom}) {
    reconcile::Observed observed = world.observe();
    auto deployment = std::make_shared<api::Deployment>(*observed.deployment());
    deployment->metadata.kept = kept;
    deployment->spec = {};
    observed.slots.get<reconcile::ObjectRole::kDeployment>() = deployment;
    const reconcile::Plan plan = reconcile::plan(observed);
    EXPECT_TRUE(plan.actions.empty());
    ASSERT_TRUE(plan.status);
    EXPECT_EQ(api::find_condition(plan.status->conditions, "Accepted")->reason,
              kept == json::Kept::kPart ? "TooLarge" : "NoRoom");
  }
}

}  // namespace
}  // namespace test
