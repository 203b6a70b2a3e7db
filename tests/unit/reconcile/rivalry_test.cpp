#include "reconcile/checks/rivalry.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

using reconcile::NameCandidate;

class Rivalry : public testing::Test {
 protected:
  static api::LocalRegistry resource(const std::string& from, const std::string& name, int hour) {
    api::LocalRegistry registry = a_registry();
    registry.metadata.namespace_name = from;
    registry.metadata.name = name;
    registry.metadata.uid = "uid-" + name;
    registry.metadata.creation_timestamp = at("2026-01-01T00:00:00Z") + std::chrono::hours(hour);
    registry.spec.namespace_name = "shared";
    return registry;
  }

  std::optional<api::ObjectKey> rival_of(const api::LocalRegistry& self) const {
    return rival_of(self, &shared);
  }

  std::optional<api::ObjectKey> rival_of(const api::LocalRegistry& self,
                                         const api::Namespace* target) const {
    const auto load = [&](const NameCandidate& candidate) {
      ++loaded;
      const auto found = std::find_if(
          registries.begin(), registries.end(), [&](const api::LocalRegistry& registry) {
            return registry.metadata.namespace_name == candidate.namespace_name &&
                   registry.metadata.name == candidate.name;
          });
      return std::make_shared<const api::LocalRegistry>(*found);
    };
    return reconcile::find_rival(self, candidates(self), load,
                                 {target, kind_cluster, incumbent, allowed_images});
  }

  bool has_twin(const api::LocalRegistry& self) const {
    return reconcile::has_twin(self, candidates(self));
  }

  std::vector<NameCandidate> candidates(const api::LocalRegistry& self) const {
    std::vector<NameCandidate> list;
    for (const api::LocalRegistry& registry : registries) {
      const api::ObjectMeta& meta = registry.metadata;
      list.push_back({meta.namespace_name, meta.name, reconcile::name_candidate_digest(registry),
                      meta.uid == self.metadata.uid, meta.uid == incumbent});
    }
    return list;
  }

  void put_into_one_second(const std::string& first, const std::string& second) {
    registries[1].metadata.creation_timestamp = registries[0].metadata.creation_timestamp;
    registries[0].metadata.resource_version = first;
    registries[1].metadata.resource_version = second;
  }

  void expect_the_old_one() const {
    EXPECT_EQ(rival_of(old()), std::nullopt);
    EXPECT_EQ(rival_of(young()), std::optional(api::ObjectKey{"team-a", "old"}));
  }

  void SetUp() override {
    shared = a_namespace("shared");
    shared.metadata.annotations = {{"localregistry.dev/allow-from", "team-a,team-b"}};
    registries = {resource("team-a", "old", 1), resource("team-b", "young", 2)};
  }

  const api::LocalRegistry& old() const { return registries[0]; }
  const api::LocalRegistry& young() const { return registries[1]; }

  api::Namespace shared;
  std::vector<api::LocalRegistry> registries;
  bool kind_cluster = false;
  std::string incumbent;
  std::vector<std::string> allowed_images;
  mutable int loaded = 0;
};

TEST_F(Rivalry, TheOlderOneWins) {
  EXPECT_EQ(rival_of(old()), std::nullopt);
  EXPECT_EQ(rival_of(young()), std::optional(api::ObjectKey{"team-a", "old"}));
}

TEST_F(Rivalry, OfTwoOfTheSameSecondOneWins) {
  put_into_one_second("7", "7");
  EXPECT_NE(rival_of(old()).has_value(), rival_of(young()).has_value());
}

TEST_F(Rivalry, OfTwoOfTheSameSecondTheOneThatWasCreatedFirstWins) {
  put_into_one_second("9", "10");  // compared as numbers, not as texts
  expect_the_old_one();
  registries[0].metadata.uid = "zz";
  expect_the_old_one();
}

TEST_F(Rivalry, TheOrderOfASecondIsRecordedBeforeAWriteChangesIt) {
  put_into_one_second("9", "10");
  EXPECT_TRUE(has_twin(old()));
  EXPECT_TRUE(has_twin(young()));
  registries[0].status.first_resource_version = "9";
  registries[0].metadata.resource_version = "11";
  expect_the_old_one();
  registries[1].status.first_resource_version = "10";
  expect_the_old_one();
  registries[0].metadata.uid = "zz";
  expect_the_old_one();
}

TEST_F(Rivalry, WhatWasWrittenBeforeATwinWasSeenIsTheOldest) {
  put_into_one_second("12", "11");
  registries[0].status.conditions = {{"Ready", "False", "Deploying", "", 1, {}}};
  expect_the_old_one();
  EXPECT_EQ(reconcile::first_resource_version(old()), "");
}

TEST_F(Rivalry, AFinalizerThatItsCreatorHasSetMakesNothingOlder) {
  put_into_one_second("9", "10");
  registries[1].metadata.finalizers = {"localregistry.dev/cleanup"};
  expect_the_old_one();
}

TEST_F(Rivalry, ResourcesOfOtherSecondsAreNoTwins) { EXPECT_FALSE(has_twin(old())); }

TEST_F(Rivalry, AnOlderOneThatIsBeingCheckedIsWaitedFor) {
  registries[0].spec.images = {{"a", "ghcr.io/a/a", {}}};
  expect_the_old_one();
  registries[0].status.delivery = api::Delivery::kUpstream;
  EXPECT_EQ(rival_of(young()), std::nullopt) << "it needs no registry";
  registries[0].status.delivery.reset();
  registries[0].spec.suspend = true;
  EXPECT_EQ(rival_of(young()), std::nullopt) << "nothing is checked while it is suspended";
}

TEST_F(Rivalry, WhoMayNotHaveItsImageThereDoesNotCount) {
  allowed_images = {"registry", "moby/buildkit"};
  expect_the_old_one();
  registries[0].spec.image = "ghcr.io/evil/miner";
  EXPECT_EQ(rival_of(young()), std::nullopt);
}

TEST_F(Rivalry, WhoRunsKeepsTheNameAgainstAnOlderOne) {
  incumbent = "uid-young";
  EXPECT_EQ(rival_of(young()), std::nullopt);
  EXPECT_EQ(rival_of(old()), std::optional(api::ObjectKey{"team-b", "young"}));
}

TEST_F(Rivalry, AnIncumbentThatWantsNothingAnyMoreIsNoRival) {
  incumbent = "uid-young";
  registries[1].spec.enabled = false;
  EXPECT_EQ(rival_of(old()), std::nullopt);
}

TEST_F(Rivalry, WhoWantsNoRegistryDoesNotCount) {
  registries[0].spec.enabled = false;
  EXPECT_EQ(rival_of(young()), std::nullopt);
}

TEST_F(Rivalry, AFallbackDoesNotCountOnAKindCluster) {
  kind_cluster = true;
  registries[1].spec.enabled = true;
  EXPECT_EQ(rival_of(young()), std::nullopt);
}

TEST_F(Rivalry, WhoIsNotAllowedDoesNotCount) {
  shared.metadata.annotations = {{"localregistry.dev/allow-from", "team-b"}};
  EXPECT_EQ(rival_of(young()), std::nullopt);
}

TEST_F(Rivalry, NobodyCompetesForANamespaceThatIsNotThere) {
  EXPECT_EQ(rival_of(young(), nullptr), std::nullopt);
}

TEST_F(Rivalry, OfThousandsOnlyThoseThatCanHaveTheNameAreLoaded) {
  for (int i = 0; i < 3000; ++i) {
    registries.push_back(resource("team-b", "later-" + std::to_string(i), 3 + i));
    registries.push_back(resource("team-c", "not-allowed-" + std::to_string(i), -i));
    registries.push_back(resource("team-b", "without-" + std::to_string(i), -i));
    registries.back().spec.enabled = false;
  }
  expect_the_old_one();
  EXPECT_EQ(loaded, 1) << "the old one, for the young one";
  incumbent = "uid-later-2999";
  EXPECT_EQ(rival_of(old()), std::optional(api::ObjectKey{"team-b", "later-2999"}));
  EXPECT_EQ(loaded, 2);
}

TEST_F(Rivalry, ManyThatMayNotHaveTheirImageThereCostNoMoreThanTheBound) {
  allowed_images = {"registry", "moby/buildkit"};
  for (int i = 0; i < 3000; ++i) {
    registries.push_back(resource("team-a", "refused-" + std::to_string(i), -i));
    registries.back().spec.image = "ghcr.io/evil/miner";
  }
  rival_of(young());
  EXPECT_LE(loaded, static_cast<int>(limits::kRivals));
}

TEST_F(Rivalry, AThirdOneSeesTheWinner) {
  registries.push_back(resource("team-a", "third", 3));
  EXPECT_EQ(rival_of(registries[2]), std::optional(api::ObjectKey{"team-a", "old"}));
}

}  // namespace
}  // namespace test
