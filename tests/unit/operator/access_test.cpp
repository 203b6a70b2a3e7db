#include "operator/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "reconcile/children/child_table.h"

namespace controller {
namespace {

constexpr const char* kFile = SOURCE_DIR "/charts/local-registry-operator/files/rules.yaml";

// With UPDATE_GOLDEN=1 the test writes the file.
TEST(Access, TheRulesOfTheChartAreThoseOfTheChildTable) {
  const std::string wanted = to_yaml(access_rules());
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(kFile) << wanted;
  std::stringstream found;
  found << std::ifstream(kFile).rdbuf();
  EXPECT_EQ(found.str(), wanted) << "run with UPDATE_GOLDEN=1, then deploy/generate";
}

TEST(Access, EveryChildCanBeReadWatchedWrittenAndDeleted) {
  reconcile::for_each_row([](auto row) {
    const auto& type = api::Resource<reconcile::ObjectOf<decltype(row)>>::kType;
    bool is_granted = false;
    for (const AccessRule& rule : access_rules()) {
      const bool is_about = rule.api_group == type.group &&
                            std::count(rule.resources.begin(), rule.resources.end(), type.plural);
      if (!is_about) continue;
      is_granted = true;
      EXPECT_THAT(rule.verbs,
                  testing::IsSupersetOf({"get", "list", "watch", "create", "patch", "delete"}));
    }
    EXPECT_TRUE(is_granted) << type.plural;
  });
}

TEST(Access, NoRuleReadsSecretsOrUsesAWildcard) {
  for (const AccessRule& rule : access_rules()) {
    EXPECT_THAT(rule.resources, testing::Not(testing::Contains(testing::HasSubstr("secrets"))));
    EXPECT_THAT(rule.resources, testing::Not(testing::Contains("*")));
    EXPECT_THAT(rule.verbs, testing::Not(testing::Contains("*")));
  }
}

}  // namespace
}  // namespace controller
