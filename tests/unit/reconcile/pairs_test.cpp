// These tests expect that each change of the spec has the same result as a new resource with that
// spec. They try all pairs of one field's variations, random pairs of whole specs, and sequences.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "reconcile/children/names.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

using api::LocalRegistrySpec;

struct Variation {
  const char* name;
  std::function<void(LocalRegistrySpec&)> apply;
};

void persist(LocalRegistrySpec& spec) { spec.persistence.enabled = true; }

const std::vector<Variation>& variations() {
  static const std::vector<Variation> kList = {
      {"default", [](auto&) {}},
      {"enabled", [](auto& spec) { spec.enabled = true; }},
      {"disabled", [](auto& spec) { spec.enabled = false; }},
      {"localbuild", [](auto& spec) { spec.localbuild = true; }},
      {"namespace", [](auto& spec) { spec.namespace_name = "shared"; }},
      {"own namespace", [](auto& spec) { spec.namespace_name = "team-a"; }},
      {"name", [](auto& spec) { spec.name = "images"; }},
      {"image", [](auto& spec) { spec.image = "registry:3"; }},
      {"buildKitImage", [](auto& spec) { spec.buildkit_image = "buildkit:1"; }},
      {"port", [](auto& spec) { spec.port = 5001; }},
      {"nodePort", [](auto& spec) { spec.node_port = 31234; }},
      {"another nodePort", [](auto& spec) { spec.node_port = 31235; }},
      {"persistence", persist},
      {"persistence, Delete",
       [](auto& spec) {
         persist(spec);
         spec.persistence.when_deleted = api::RetentionPolicy::kDelete;
       }},
      {"Delete without persistence",
       [](auto& spec) { spec.persistence.when_deleted = api::RetentionPolicy::kDelete; }},
      {"larger",
       [](auto& spec) {
         persist(spec);
         spec.persistence.size.text = "8Gi";
       }},
      {"smaller",
       [](auto& spec) {
         persist(spec);
         spec.persistence.size.text = "1Gi";
       }},
      {"class",
       [](auto& spec) {
         persist(spec);
         spec.persistence.storage_class_name = "fast";
       }},
      {"another class",
       [](auto& spec) {
         persist(spec);
         spec.persistence.storage_class_name = "slow";
       }},
      {"imagePullSecrets", [](auto& spec) { spec.image_pull_secrets = {{"pull"}}; }},
      {"resources",
       [](auto& spec) {
         spec.resources.limits = {{"cpu", {"1"}}};
       }},
      {"buildKitResources",
       [](auto& spec) {
         spec.buildkit_resources.limits = {{"cpu", {"1"}}};
       }},
      {"nodeSelector",
       [](auto& spec) {
         spec.node_selector = {{"disk", "ssd"}};
       }},
      {"tolerations",
       [](auto& spec) {
         spec.tolerations = {{"k", "Exists", "", "", {}}};
       }},
      {"affinity", [](auto& spec) { spec.affinity.text = R"({"podAffinity":{}})"; }},
      {"suspend", [](auto& spec) { spec.suspend = true; }},
  };
  return kList;
}

LocalRegistrySpec spec_of(const Variation& variation) {
  LocalRegistrySpec spec;
  variation.apply(spec);
  return spec;
}

World fresh(const LocalRegistrySpec& spec) {
  api::LocalRegistry registry = a_registry();
  registry.spec = spec;
  World world(registry);
  for (const char* name : {"team-a", "shared"}) {
    world.namespaces[name] = a_namespace(name);
    world.namespaces[name].metadata.annotations = {
        {"localregistry.dev/allow-from", "team-a"},
        {"localregistry.dev/allow-pull-secrets", "pull"}};
  }
  world.converge();
  return world;
}

template <class T>
Tree comparable(const T& object) {
  Tree tree = tree_of(object);
  for (const char* counted : {"uid", "resourceVersion", "generation"}) {
    std::erase_if(tree["metadata"].members,
                  [&](const auto& member) { return member.first == counted; });
  }
  std::erase_if(tree.members, [](const auto& member) { return member.first == "status"; });
  return tree;
}

template <class T>
void add_all(const Objects<T>& objects, Tree& list) {
  for (const auto& [key, kept] : objects) list.items.push_back(comparable(kept.object));
}

// Returns the workloads and Services, without node ports.
Tree state_of(const World& world) {
  Tree list = test::list();
  add_all(world.all<api::Deployment>(), list);
  add_all(world.all<api::StatefulSet>(), list);
  Objects<api::Service> services = world.all<api::Service>();
  for (auto& [key, kept] : services) {
    for (api::ServicePort& port : kept.object.spec.ports) port.node_port = 0;
  }
  add_all(services, list);
  return list;
}

int port_of(const World& world) {
  return world.all<api::Service>().empty()
             ? 0
             : world.all<api::Service>().begin()->second.object.spec.ports.front().node_port;
}

bool is_deployed(const LocalRegistrySpec& spec) { return spec.enabled.value_or(true); }

int wanted_port(const World& before, const World& after, const LocalRegistrySpec& to) {
  if (!is_deployed(to)) return 0;
  if (to.node_port != 0) return to.node_port;
  const api::LocalRegistryStatus& status = before.registry->status;
  if (port_of(before) == 0 && status.last_node_port != 0) return status.last_node_port;
  return port_of(before) != 0 ? port_of(before) : port_of(after);
}

// Expects that a PVC is deleted only by policy, never shrinks, and keeps its storage class.
void expect_claims(const World& before, const World& after, const LocalRegistrySpec& to) {
  const bool deletes = to.persistence.when_deleted == api::RetentionPolicy::kDelete;
  const api::ObjectKey target = after.target_key();
  for (const auto& [key, kept] : before.all<api::PersistentVolumeClaim>()) {
    const bool wanted = to.persistence.enabled && key == target;
    if (deletes && !wanted) {
      EXPECT_FALSE(after.all<api::PersistentVolumeClaim>().contains(key)) << "deleted by policy";
      continue;
    }
    ASSERT_TRUE(after.all<api::PersistentVolumeClaim>().contains(key))
        << api::to_string(key) << " is gone";
    const auto& spec = after.all<api::PersistentVolumeClaim>().at(key).object.spec;
    EXPECT_EQ(after.all<api::PersistentVolumeClaim>().at(key).object.metadata.uid,
              kept.object.metadata.uid);
    if (kept.object.spec.storage_class_name) {
      EXPECT_EQ(spec.storage_class_name, kept.object.spec.storage_class_name);
    }
    EXPECT_TRUE(*api::compare(spec.resources.requests.at("storage"),
                              kept.object.spec.resources.requests.at("storage")) >= 0);
  }
  if (to.persistence.enabled && is_deployed(to)) {
    EXPECT_TRUE(after.all<api::PersistentVolumeClaim>().contains(target));
  }
}

void expect_same_end(const World& before, const World& wanted) {
  const LocalRegistrySpec& to = wanted.registry->spec;
  World world = before;
  world.change_spec(to);
  world.converge();
  if (to.suspend) {
    EXPECT_EQ(world.list(), before.list()) << "suspended: nothing changes";
    return;
  }
  EXPECT_EQ(to_yaml(state_of(world)), to_yaml(state_of(wanted)));
  EXPECT_EQ(port_of(world), wanted_port(before, world, to));
  expect_claims(before, world, to);
  const std::string ready = condition(world.registry->status, "Ready");
  EXPECT_TRUE(ready == condition(wanted.registry->status, "Ready") ||
              ready == "False ShrinkRefused" || ready == "False StorageClassChangeRefused")
      << ready;
  EXPECT_EQ(world.registry->metadata.finalizers, wanted.registry->metadata.finalizers);
  world.delete_registry();
  if (world.registry) world.run();
  EXPECT_EQ(world.registry, nullptr) << "it can be deleted";
  EXPECT_EQ(state_of(world), test::list()) << "nothing but claims is left";
}

TEST(Pairs, EachChangeOfOneFieldComesToTheSameEndAsFromNothing) {
  std::vector<World> worlds;
  for (const Variation& variation : variations()) worlds.push_back(fresh(spec_of(variation)));
  for (std::size_t from = 0; from < worlds.size(); ++from) {
    for (std::size_t to = 0; to < worlds.size(); ++to) {
      SCOPED_TRACE(std::string(variations()[from].name) + " → " + variations()[to].name);
      expect_same_end(worlds[from], worlds[to]);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Pairs, RandomChangesOfManyFieldsComeToTheSameEndAsFromNothing) {
  constexpr unsigned kSeed = 3;
  constexpr int kPairs = 300;
  std::mt19937 random(kSeed);
  const auto draw = [&](std::string& name) {
    LocalRegistrySpec spec;
    for (const Variation& variation : variations()) {
      if (random() % 4 != 0) continue;
      variation.apply(spec);
      name += std::string(" ") + variation.name;
    }
    return spec;
  };
  for (int i = 0; i < kPairs; ++i) {
    std::string names;
    const LocalRegistrySpec from = draw(names);
    names += " →";
    const LocalRegistrySpec to = draw(names);
    SCOPED_TRACE(names);
    expect_same_end(fresh(from), fresh(to));
  }
}

TEST(Pairs, ChangesOneAfterAnotherComeToTheSameEndAsFromNothing) {
  constexpr unsigned kSeed = 5;
  std::mt19937 random(kSeed);
  World world = fresh({});
  std::string names = "default";
  for (int i = 0; i < 200; ++i) {
    const Variation& next = variations()[random() % variations().size()];
    names += std::string(" → ") + next.name;
    const LocalRegistrySpec to = spec_of(next);
    world.change_spec(to);
    world.run();  // pods do not always run before the next change
    if (random() % 2 == 0) world.converge();
    if (to.suspend) continue;
    EXPECT_EQ(to_yaml(state_of(world)), to_yaml(state_of(fresh(to)))) << names;
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace test
