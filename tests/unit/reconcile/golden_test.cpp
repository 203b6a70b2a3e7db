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

Tree tree_of_end(const World& world) {
  Tree tree = object();
  tree["objects"] = lines(world.list());
  if (!world.registry) return tree;
  const api::LocalRegistryStatus& status = world.registry->status;
  for (const char* type :
       {"Ready", "Accepted", "Available", "BuildKitReady", "StorageReady", "UpToDate"}) {
    if (!condition(status, type).empty()) tree[type] = string(condition(status, type));
  }
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

// Reconciles the world of an observed.yaml. Returns the first plan, the actions after it and the
// status that is written at the end.
Tree tree_of_reconcile(World& world, bool show_objects) {
  Tree tree = object();
  const std::vector<reconcile::Action> actions = first_actions(world);
  tree["actions"] = tree_of_actions(actions, show_objects);
  EXPECT_EQ(tree["actions"], tree_of_actions(first_actions(world), show_objects))
      << "the same gives the same";
  std::vector<std::string> done = world.reconcile();
  expect_last_word(world, done);
  done.erase(done.begin(), done.begin() + static_cast<std::ptrdiff_t>(actions.size()));
  const bool writes = !done.empty() && done.back() == "write the status";
  if (writes) done.pop_back();
  tree["then"] = lines(done);
  tree["status"] = writes ? tree_of_status(world.registry->status, world.now) : string("unchanged");
  if (world.requeue_after) {
    tree["requeueAfter"] = string(std::to_string(world.requeue_after->count() / 1000) + " s");
  }
  return tree;
}

TEST_P(Golden, Case) {
  const std::string& name = GetParam();
  GoldenCase golden = read_case(from_yaml(read(path_of(name, "observed.yaml"))));
  World& world = golden.world;
  Tree actual = tree_of_reconcile(world, golden.show_objects);
  const std::vector<std::string> later = world.run();
  actual["later"] = lines(later);
  EXPECT_TRUE(std::ranges::none_of(world.run(), is_write)) << "what has converged is written again";
  world.converge();
  actual["end"] = tree_of_end(world);
  const std::string text = to_yaml(actual);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path_of(name, "plan.yaml")) << text;
  const std::string expected = to_yaml(from_yaml(read(path_of(name, "plan.yaml"))));
  EXPECT_TRUE(expected == text) << difference(expected, text);
}

INSTANTIATE_TEST_SUITE_P(Reconcile, Golden, testing::ValuesIn(golden_cases()), title);

}  // namespace
}  // namespace test
