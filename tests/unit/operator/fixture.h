// OperatorTest is the fixture of this layer's tests: virtual time, a FakeCluster and the caches.
// Owned by one test; one thread.
#pragma once

#include <gtest/gtest.h>

#include "operator/caches.h"
#include "reconcile/children/names.h"
#include "unit/operator/fake_cluster.h"

namespace test {

inline api::LocalRegistry a_registry() {
  api::LocalRegistry registry;
  registry.metadata.name = "dev";
  registry.metadata.namespace_name = "team-a";
  registry.metadata.uid = "uid-dev";
  registry.metadata.generation = 1;
  return registry;
}

inline api::Namespace a_namespace(const std::string& name) {
  api::Namespace result;
  result.metadata.name = name;
  return result;
}

class OperatorTest : public testing::Test {
 protected:
  OperatorTest() { cluster.put(a_namespace("team-a")); }
  void TearDown() override { world.stop(); }

  kube::Environment environment() {
    return {world.executor(), kube::Client(transport), world.clock, random, logger};
  }

  void make_caches(const std::vector<std::string>& watch_namespaces = {}) {
    caches = std::make_unique<controller::Caches>(environment(), watch_namespaces, nullptr);
  }

  // Delivers changes to the watches and lets everything react, until nothing happens any more.
  void settle() {
    world.settle();
    for (int i = 0; i < kMostRounds && cluster.tell_watches(); ++i) world.settle();
  }

  // Starts the caches. They receive changes only in settle().
  void watch(const std::vector<std::string>& watch_namespaces = {}) {
    make_caches(watch_namespaces);
    world.start(caches->run());
    settle();
    ASSERT_TRUE(caches->synced());
  }

  static constexpr int kMostRounds = 100;
  const api::ObjectKey kDev = {"team-a", "dev"};
  const api::ObjectKey kTarget = {"team-a", "registry"};

  support::World world;
  support::ScriptedTransport transport{world};
  FakeCluster cluster{transport};
  base::Random random{1};
  base::Logger logger = base::Logger::silent();
  std::unique_ptr<controller::Caches> caches;
};

}  // namespace test
