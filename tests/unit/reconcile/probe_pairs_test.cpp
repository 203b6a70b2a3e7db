#include "reconcile/pull/probe_pairs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "base/limits.h"

namespace reconcile {
namespace {

using std::chrono::seconds;

std::vector<std::string> some_nodes(std::size_t count) {
  std::vector<std::string> nodes;
  for (std::size_t i = 0; i < count; ++i) nodes.push_back("worker-" + std::to_string(i));
  return nodes;
}

// The first registry is the youngest, the last one the oldest.
std::vector<ProbedRegistry> some_registries(std::size_t count, const std::string& node = "") {
  std::vector<ProbedRegistry> registries;
  for (std::size_t i = 0; i < count; ++i) {
    registries.push_back({"uid-" + std::to_string(i), base::Time(seconds(1000 - i)), node});
  }
  return registries;
}

std::map<std::size_t, std::set<std::string>> nodes_by_registry(
    const std::vector<std::string>& nodes, const std::vector<ProbedRegistry>& registries) {
  std::map<std::size_t, std::set<std::string>> by_registry;
  for (const PullPair pair : choose_pairs(nodes, registries).pairs) {
    EXPECT_TRUE(by_registry[pair.registry].insert(nodes.at(pair.node)).second) << "twice";
  }
  return by_registry;
}

TEST(ProbePairs, UpToFiveHundredPairsAreAllProven) {
  EXPECT_EQ(choose_pairs(some_nodes(100), some_registries(5)).pairs.size(), 500U);
  EXPECT_EQ(choose_pairs(some_nodes(500), some_registries(1)).pairs.size(), 500U);
}

TEST(ProbePairs, AboveThatEveryNodeIsProbedWithTheOldestRegistry) {
  const auto chosen = nodes_by_registry(some_nodes(1000), some_registries(50));
  EXPECT_EQ(chosen.at(49).size(), 1000U);
  for (std::size_t i = 0; i < 49; ++i) {
    EXPECT_EQ(chosen.at(i).size(), limits::kRegistryNodes) << "registry " << i;
  }
}

TEST(ProbePairs, ARegistryIsProbedOnTheNodeOfItsPodToo) {
  const auto chosen = nodes_by_registry(some_nodes(1000), some_registries(10, "worker-417"));
  for (const auto& [registry, nodes] : chosen) EXPECT_TRUE(nodes.contains("worker-417"));
}

TEST(ProbePairs, ARegistryOnANodeThatIsSkippedIsProbedOnThreeOthers) {
  const auto chosen = nodes_by_registry(some_nodes(1000), some_registries(10, "fargate-1"));
  EXPECT_EQ(chosen.at(0).size(), limits::kRegistryNodes);
}

TEST(ProbePairs, FewerNodesThanThreeAreEnough) {
  const auto chosen = nodes_by_registry(some_nodes(2), some_registries(400));
  for (const auto& [registry, nodes] : chosen) EXPECT_EQ(nodes.size(), 2U);
  EXPECT_EQ(chosen.size(), 400U);
}

TEST(ProbePairs, TheNodesOfManyRegistriesAreSpread) {
  std::map<std::string, int> registries_of;
  for (const auto& [registry, nodes] : nodes_by_registry(some_nodes(100), some_registries(1000))) {
    if (registry == 999) continue;
    for (const std::string& node : nodes) ++registries_of[node];
  }
  int most = 0;
  for (const auto& [node, count] : registries_of) most = std::max(most, count);
  EXPECT_LE(most, 200) << "30 on average; a ring without copies of each node is uneven";
}

TEST(ProbePairs, ANodeThatIsAddedMovesFewPairs) {
  const auto registries = some_registries(1000);
  const auto before = nodes_by_registry(some_nodes(100), registries);
  const auto after = nodes_by_registry(some_nodes(101), registries);
  std::size_t moved = 0;
  for (const auto& [registry, nodes] : before) moved += after.at(registry) != nodes ? 1 : 0;
  EXPECT_LE(moved, 250U);
}

TEST(ProbePairs, TheWitnessStaysWhileItIsThere) {
  auto registries = some_registries(10);
  const auto nodes = some_nodes(100);
  EXPECT_EQ(choose_pairs(nodes, registries).witness, "uid-9") << "the oldest";
  EXPECT_EQ(choose_pairs(nodes, registries, "uid-3").witness, "uid-3");
  registries.erase(registries.begin() + 3);
  EXPECT_EQ(choose_pairs(nodes, registries, "uid-3").witness, "uid-9");
}

TEST(ProbePairs, ANodeThatComesAndGoesAtTheBoundDoesNotChangeTheWayOfProving) {
  const auto registries = some_registries(5);
  EXPECT_EQ(choose_pairs(some_nodes(100), registries).witness, "");
  EXPECT_EQ(choose_pairs(some_nodes(101), registries).witness, "uid-4");
  EXPECT_EQ(choose_pairs(some_nodes(100), registries, "uid-4").witness, "uid-4");
  EXPECT_EQ(choose_pairs(some_nodes(80), registries, "uid-4").witness, "");
}

TEST(ProbePairs, WithoutNodesOrRegistriesThereIsNothingToProve) {
  EXPECT_TRUE(choose_pairs({}, some_registries(3)).pairs.empty());
  EXPECT_TRUE(choose_pairs(some_nodes(3), {}).pairs.empty());
}

}  // namespace
}  // namespace reconcile
