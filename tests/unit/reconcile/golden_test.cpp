#include "unit/reconcile/golden.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace test {
namespace {

std::string path_of(const std::string& name, const char* file) {
  return std::string(SOURCE_DIR) + "/tests/golden/" + name + "/" + file;
}

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Tree lines(const std::vector<std::string>& texts) {
  Tree tree = list();
  for (const std::string& text : texts) tree.items.push_back(string(text));
  return tree;
}

Tree tree_of_end(const World& world, Shown shown) {
  Tree tree = object();
  tree["objects"] = lines(world.list());
  Tree conditions =
      world.registry ? tree_of_last_conditions(world.registry->status, shown) : string("gone");
  if (conditions.kind != json::Kind::kNull) tree["conditions"] = std::move(conditions);
  return tree;
}

std::string title(const testing::TestParamInfo<std::string>& parameter) {
  std::string name = parameter.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

bool is_write(const std::string& line) { return !line.ends_with("(refused)"); }

class Golden : public testing::TestWithParam<std::string> {};

// Returns the actions of the first plan. If that is a live read alone, the actions of the next plan
// follow.
std::vector<reconcile::Action> first_actions(World world) {
  std::vector<reconcile::Action> actions = reconcile::plan(world.observe()).actions;
  if (actions != std::vector<reconcile::Action>{reconcile::ReadLive{}}) return actions;
  world.execute(actions.front());
  for (auto& action : reconcile::plan(world.observe()).actions) actions.push_back(action);
  return actions;
}

// Expects that another reconcile writes nothing, since the controller does not start one after a
// reconcile without failures and without a requeue.
void expect_last_word(World world, const std::vector<std::string>& done) {
  if (!std::ranges::all_of(done, is_write) || world.requeue_after) return;
  EXPECT_THAT(world.reconcile(), testing::Each("read live"));
  EXPECT_FALSE(world.requeue_after);
}

// Reconciles once. Returns the lines of the actions, and each with its details.
std::pair<std::vector<std::string>, std::vector<Tree>> reconcile_in_detail(World& world,
                                                                           Shown shown) {
  std::vector<Tree> details;
  world.before_action = [&](const World& before, const reconcile::Action& action) {
    details.push_back(tree_of_action(before, action, line_of(action), shown));
  };
  std::vector<std::string> done = world.reconcile();
  world.before_action = nullptr;
  return {std::move(done), std::move(details)};
}

// Adds "(refused)" to an action that was refused.
Tree with_answer(Tree detail, const std::string& line) {
  if (is_write(line)) return detail;
  (detail.kind == json::Kind::kString ? detail : detail["action"]) = string(line);
  return detail;
}

// Reconciles the world of an observed.yaml. Returns the first plan, the actions after it and what
// differs in the status that is written at the end.
Tree tree_of_reconcile(World& world, Shown shown) {
  const std::size_t first = first_actions(world).size();
  EXPECT_EQ(first_actions(world), first_actions(world)) << "the same gives the same";
  const auto before = world.registry;
  auto [done, details] = reconcile_in_detail(world, shown);
  expect_last_word(world, done);
  const bool writes = !done.empty() && done.back() == "write the status";
  Tree tree = object();
  Tree& actions = tree["actions"] = list();
  Tree then = list();
  for (std::size_t i = 0; i < details.size(); ++i) {
    if (i < first) {
      actions.items.push_back(std::move(details[i]));
    } else {
      then.items.push_back(with_answer(std::move(details[i]), done[i]));
    }
  }
  tree["then"] = std::move(then);
  tree["status"] = writes ? tree_of_status(before->status, world.registry->status, world.now, shown)
                          : string("unchanged");
  if (world.requeue_after) {
    tree["requeueAfter"] = string(std::to_string(world.requeue_after->count() / 1000) + " s");
  }
  return tree;
}

TEST_P(Golden, Case) {
  const std::string& name = GetParam();
  GoldenCase golden = read_case(from_yaml(read(path_of(name, "observed.yaml"))));
  World& world = golden.world;
  Tree actual = tree_of_reconcile(world, golden.shown);
  const std::vector<std::string> later = world.run();
  actual["later"] = lines(later);
  EXPECT_TRUE(std::ranges::none_of(world.run(), is_write)) << "what has converged is written again";
  world.converge();
  actual["end"] = tree_of_end(world, golden.shown);
  const std::string text = to_yaml(actual);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path_of(name, "plan.yaml")) << text;
  const std::string expected = to_yaml(from_yaml(read(path_of(name, "plan.yaml"))));
  EXPECT_TRUE(expected == text) << difference(expected, text);
}

INSTANTIATE_TEST_SUITE_P(Reconcile, Golden, testing::ValuesIn(golden_cases()), title);

}  // namespace
}  // namespace test
