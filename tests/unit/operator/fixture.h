// OperatorTest is the fixture of this layer's tests: virtual time, a Cluster and the caches.
// Owned by one test; one thread.
#pragma once

#include <gtest/gtest.h>

#include "operator/caches.h"
#include "reconcile/children/children.h"
#include "reconcile/children/names.h"
#include "unit/operator/cluster.h"

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

// Returns the object as another client creates it, which is not the operator's.
template <class T>
T foreign(T object) {
  object.metadata.labels.clear();
  object.metadata.annotations.clear();
  object.metadata.owner_references.clear();
  return object;
}

class OperatorTest : public testing::Test {
 protected:
  OperatorTest() {
    for (const char* name : {"team-a", "system"}) cluster.put(a_namespace(name));
  }
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
    for (int i = 0; i < kMaxRounds && cluster.deliver(); ++i) world.settle();
  }

  // Starts the caches. They receive changes only in settle().
  void watch(const std::vector<std::string>& watch_namespaces = {}) {
    make_caches(watch_namespaces);
    world.start(caches->run());
    settle();
    ASSERT_TRUE(caches->synced());
  }

  // Returns the node port of the Service at kTarget; -1 if there is none.
  int node_port() const {
    const auto* service = cluster.find<api::Service>(kTarget);
    return service == nullptr ? -1 : service->spec.ports.front().node_port;
  }

  static constexpr int kMaxRounds = 100;
  const api::ObjectKey kDev = {"team-a", "dev"};
  const api::ObjectKey kTarget = {"team-a", "registry"};

  support::World world;
  support::ScriptedTransport transport{world};
  Cluster cluster{transport, world.clock};
  base::Random random{1};
  base::Logger logger = base::Logger::silent();
  std::unique_ptr<controller::Caches> caches;
};

}  // namespace test
