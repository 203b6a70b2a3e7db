#include "reconcile/rivalry.h"

#include <gtest/gtest.h>

#include "unit/reconcile/world.h"

namespace test {
namespace {

using reconcile::find_rival;
using Others = std::vector<std::shared_ptr<const api::LocalRegistry>>;

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
    Others all;
    for (const auto& registry : registries) {
      all.push_back(std::make_shared<const api::LocalRegistry>(registry));
    }
    return find_rival(self, all, {&shared, kind_cluster, incumbent});
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
};

TEST_F(Rivalry, TheOlderOneWins) {
  EXPECT_EQ(rival_of(old()), std::nullopt);
  EXPECT_EQ(rival_of(young()), std::optional(api::ObjectKey{"team-a", "old"}));
}

TEST_F(Rivalry, OfTwoOfTheSameSecondOneWins) {
  registries[1].metadata.creation_timestamp = registries[0].metadata.creation_timestamp;
  EXPECT_NE(rival_of(old()).has_value(), rival_of(young()).has_value());
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
  Others others = {std::make_shared<const api::LocalRegistry>(old())};
  EXPECT_EQ(find_rival(young(), others, {nullptr, false, ""}), std::nullopt);
}

TEST_F(Rivalry, AThirdOneSeesTheWinner) {
  registries.push_back(resource("team-a", "third", 3));
  EXPECT_EQ(rival_of(registries[2]), std::optional(api::ObjectKey{"team-a", "old"}));
}

}  // namespace
}  // namespace test
