// These tests change and remove each leaf of each object that the operator builds. They expect that
// the operator restores it and leaves the fields of others alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "reconcile/status/reasons.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

using Step = std::variant<std::string, std::size_t>;
using Way = std::vector<Step>;

void add_leaves(const Tree& tree, const Way& way, std::vector<Way>& leaves) {
  for (const auto& [name, member] : tree.members) {
    Way next = way;
    next.emplace_back(name);
    if (member.items.empty() && member.members.empty()) leaves.push_back(next);
    add_leaves(member, next, leaves);
  }
  for (std::size_t i = 0; i < tree.items.size(); ++i) {
    Way next = way;
    next.emplace_back(i);
    if (tree.items[i].items.empty() && tree.items[i].members.empty()) leaves.push_back(next);
    add_leaves(tree.items[i], next, leaves);
  }
}

std::string text_of(const Way& way) {
  std::string text;
  for (const Step& step : way) {
    const auto* name = std::get_if<std::string>(&step);
    text += name != nullptr ? "/" + *name : "[" + std::to_string(std::get<std::size_t>(step)) + "]";
  }
  return text;
}

Tree& parent_of(Tree& root, const Way& way) {
  Tree* tree = &root;
  for (std::size_t i = 0; i + 1 < way.size(); ++i) {
    const auto* name = std::get_if<std::string>(&way[i]);
    tree = name != nullptr ? tree->find(*name) : &tree->items[std::get<std::size_t>(way[i])];
  }
  return *tree;
}

void change(Tree& leaf) {
  switch (leaf.kind) {
    case json::Kind::kBool: leaf.text = leaf.text == "true" ? "false" : "true"; break;
    case json::Kind::kInteger: leaf.text = std::to_string(std::stoi(leaf.text) + 1); break;
    case json::Kind::kObject:
    case json::Kind::kArray: break;  // an empty object or array has nothing to change
    default: leaf.text += "-x"; break;
  }
}

Tree changed(Tree root, const Way& way) {
  Tree& parent = parent_of(root, way);
  const auto* name = std::get_if<std::string>(&way.back());
  change(name != nullptr ? *parent.find(*name) : parent.items[std::get<std::size_t>(way.back())]);
  return root;
}

Tree removed(Tree root, const Way& way) {
  Tree& parent = parent_of(root, way);
  if (const auto* name = std::get_if<std::string>(&way.back())) {
    std::erase_if(parent.members, [&](const auto& member) { return member.first == *name; });
  } else {
    const auto index = static_cast<std::ptrdiff_t>(std::get<std::size_t>(way.back()));
    parent.items.erase(parent.items.begin() + index);
  }
  return root;
}

// Returns true for fields that identify the object or that the API server does not allow to change.
bool is_fixed(const std::string& path) {
  static const std::vector<std::string> kFixed = {"/metadata/name", "/metadata/namespace",
                                                  "/spec/accessModes[0]", "/spec/storageClassName"};
  return std::find(kFixed.begin(), kFixed.end(), path) != kFixed.end();
}

// Returns true for fields whose repair is reported as an update, since a change of the spec may be
// the reason for it.
bool is_update(const std::string& path) {
  return path == "/metadata/annotations/localregistry.dev/intent-hash" ||
         path == "/spec/resources/requests/storage";
}

// Returns true for the immutable fields of a workload. To restore them, the workload is recreated.
bool is_immutable(const std::string& path) {
  return path.rfind("/spec/selector/matchLabels", 0) == 0 || path == "/spec/podManagementPolicy";
}

// Returns true for the fields that identify a port of a Service. An apply would keep the changed
// port beside the restored one, so the ports are reset.
bool is_port_key(const std::string& path) {
  return path == "/spec/ports[0]/port" || path == "/spec/ports[0]/protocol";
}

World converged_world(const api::LocalRegistrySpec& spec) {
  api::LocalRegistry registry = a_registry();
  registry.spec = spec;
  World world(registry);
  world.converge();
  return world;
}

// Clears the fields that the API server sets and that a recreated object does not share.
template <class T>
T comparable(T object) {
  object.metadata.uid.clear();
  object.metadata.resource_version.clear();
  object.metadata.generation = 0;
  if constexpr (!std::is_same_v<T, api::Service>) object.status = {};
  return object;
}

// Returns the actions of the first plan that writes, as lines. Executes a live read that comes
// first.
std::vector<std::string> first_writes(World& world) {
  for (int i = 0; i < 2; ++i) {
    std::vector<std::string> lines;
    for (const reconcile::Action& action : reconcile::plan(world.observe()).actions) {
      if (std::holds_alternative<reconcile::ReadLive>(action)) {
        world.execute(action);
      } else {
        lines.push_back(line_of(action));
      }
    }
    if (!lines.empty() || !world.live) return lines;
  }
  return {};
}

template <class T>
void expect_healed(const World& converged, const Tree& spoilt, const std::string& path) {
  SCOPED_TRACE(std::string(api::Resource<T>::kType.kind) + path);
  World world = converged;
  const T before = comparable(*world.find<T>());
  *world.find<T>() = decoded<T>(spoilt);
  // An absent field equals an empty one or false, so such a change makes no difference.
  if (!json::difference(before, comparable(*world.find<T>()))) return;
  const std::vector<std::string> writes = first_writes(world);
  ASSERT_EQ(writes.size(), 1U);
  const std::string heal = "heal " + std::string(api::Resource<T>::kType.kind);
  const std::string verb = is_immutable(path)  ? "delete "
                           : is_update(path)   ? "update "
                           : is_port_key(path) ? "reset the ports of "
                                               : heal;
  EXPECT_TRUE(writes[0].starts_with(verb) || (is_update(path) && writes[0].starts_with(heal)))
      << writes[0];
  if (verb == heal) {
    EXPECT_NE(writes[0].find('.', writes[0].find("uid-")), std::string::npos)
        << "it names the field: " << writes[0];
  }
  world.live = false;
  const std::vector<std::string> lines = world.run();
  ASSERT_NE(world.find<T>(), nullptr);
  // After a rename, the renamed container or port is not the operator's. It stays beside the
  // restored one, and the comparison ignores it.
  EXPECT_EQ(json::difference(before, *world.find<T>()), std::nullopt);
  EXPECT_EQ(world.list(), converged.list());
}

template <class T>
void expect_every_change_healed(const api::LocalRegistrySpec& spec) {
  World converged = converged_world(spec);
  const Tree built = converged.all<T>().at(converged.target_key()).last;
  const Tree whole = tree_of(*converged.find<T>());
  std::vector<Way> leaves;
  add_leaves(built, {}, leaves);
  EXPECT_GT(leaves.size(), 10U);
  for (const Way& way : leaves) {
    const std::string path = text_of(way);
    if (is_fixed(path)) continue;
    expect_healed<T>(converged, changed(whole, way), path);
    expect_healed<T>(converged, removed(whole, way), path);
  }
}

api::LocalRegistrySpec full_spec() {
  api::LocalRegistrySpec spec;
  spec.image_pull_secrets = {{"pull"}};
  spec.resources.limits = {{"memory", {"1Gi"}}};
  spec.buildkit_resources.requests = {{"cpu", {"1"}}};
  spec.node_selector = {{"disk", "ssd"}};
  spec.tolerations = {{"builds", "Exists", "", "NoSchedule", 60}};
  spec.affinity.text = R"({"nodeAffinity":{"x":[1]}})";
  return spec;
}

TEST(Drift, EveryFieldOfTheDeploymentIsHealed) {
  expect_every_change_healed<api::Deployment>(full_spec());
}

TEST(Drift, EveryFieldOfTheStatefulSetIsHealed) {
  api::LocalRegistrySpec spec = full_spec();
  spec.persistence.enabled = true;
  expect_every_change_healed<api::StatefulSet>(spec);
}

TEST(Drift, EveryFieldOfTheServiceIsHealed) { expect_every_change_healed<api::Service>({}); }

TEST(Drift, EveryFieldOfTheServiceInAnotherNamespaceIsHealed) {
  api::LocalRegistry registry = a_registry();
  registry.spec.namespace_name = "shared";
  World converged(registry);
  converged.namespaces["shared"].metadata.annotations = {
      {"localregistry.dev/allow-from", "team-a"}};
  converged.converge();
  const Tree whole = tree_of(*converged.find<api::Service>());
  std::vector<Way> leaves;
  add_leaves(converged.all<api::Service>().at(converged.target_key()).last, {}, leaves);
  const std::string owner_uid = "/metadata/labels/localregistry.dev/owner-uid";
  for (const Way& way : leaves) {
    if (is_fixed(text_of(way)) || text_of(way) == owner_uid) continue;
    expect_healed<api::Service>(converged, changed(whole, way), text_of(way));
    expect_healed<api::Service>(converged, removed(whole, way), text_of(way));
  }
}

TEST(Drift, AnObjectInAnotherNamespaceWithoutTheOwnersUidIsLeftAlone) {
  api::LocalRegistry registry = a_registry();
  registry.spec.namespace_name = "shared";
  World converged(registry);
  converged.namespaces["shared"].metadata.annotations = {
      {"localregistry.dev/allow-from", "team-a"}};
  converged.converge();
  for (const char* const uid : {"", "uid-earlier"}) {
    World world = converged;
    auto& labels = world.find<api::Deployment>()->metadata.labels;
    labels["localregistry.dev/owner-uid"] = uid;
    if (*uid == 0) labels.erase("localregistry.dev/owner-uid");
    world.converge();
    EXPECT_EQ(condition(world.registry->status, "Accepted"), "False NameConflict");
    EXPECT_EQ(world.list(), converged.list()) << "it runs, and images are in it";
  }
}

TEST(Drift, EveryFieldOfTheClaimIsHealed) {
  api::LocalRegistrySpec spec;
  spec.persistence.enabled = true;
  spec.persistence.storage_class_name = "fast";
  World converged = converged_world(spec);
  const Tree whole = tree_of(*converged.find<api::PersistentVolumeClaim>());
  std::vector<Way> leaves;
  add_leaves(converged.all<api::PersistentVolumeClaim>().at(converged.target_key()).last, {},
             leaves);
  for (const Way& way : leaves) {
    const std::string path = text_of(way);
    if (is_fixed(path) || path == "/spec/resources/requests/storage") continue;
    expect_healed<api::PersistentVolumeClaim>(converged, changed(whole, way), path);
    expect_healed<api::PersistentVolumeClaim>(converged, removed(whole, way), path);
  }
}

template <class T>
void expect_left_alone(const api::LocalRegistrySpec& spec, std::string_view patch) {
  SCOPED_TRACE(std::string(patch));
  World world = converged_world(spec);
  T* object = world.find<T>();
  *object = decoded<T>(merged(tree_of(*object), from_yaml(patch)));
  const Tree before = tree_of(*object);
  EXPECT_EQ(world.run(), std::vector<std::string>());
  EXPECT_EQ(tree_of(*world.find<T>()), before);
}

TEST(Drift, WhatOthersAddToTheDeploymentIsLeftAlone) {
  const char* const kAdditions[] = {
      "{metadata: {labels: {team: a}}}",
      "{metadata: {annotations: {note: a}}}",
      "{metadata: {finalizers: [example.com/hold]}}",
      "{metadata: {ownerReferences: {u: {kind: App, name: app, uid: u}}}}",
      "{spec: {template: {metadata: {labels: {team: a}, annotations: {restartedAt: now}}}}}",
      "{spec: {template: {spec: {containers: {x: {name: x, image: x}}}}}}",
      "{spec: {template: {spec: {volumes: {x: {name: x, emptyDir: {}}}}}}}",
      "{spec: {template: {spec: {volumes: {data: {emptyDir: {sizeLimit: 1Gi}}}}}}}",
      "{spec: {template: {spec: {nodeSelector: {disk: ssd}}}}}",
      "{spec: {template: {spec: {tolerations: [{operator: Exists}]}}}}",
      "{spec: {template: {spec: {affinity: {nodeAffinity: {}}}}}}",
      "{spec: {template: {spec: {imagePullSecrets: [{name: x}]}}}}",
      "{spec: {template: {spec: {containers: {registry: {env: {X: {name: X, value: x}}}}}}}}",
      "{spec: {template: {spec: {containers: {registry: {resources: {limits: {cpu: 1}}}}}}}}",
      "{spec: {template: {spec: {containers: {registry: {imagePullPolicy: Always}}}}}}",
      "{spec: {template: {spec: {containers: {registry: {livenessProbe: {successThreshold: "
      "1}}}}}}}",
  };
  for (const char* addition : kAdditions) expect_left_alone<api::Deployment>({}, addition);
}

TEST(Drift, WhatOthersAddToTheServiceIsLeftAlone) {
  expect_left_alone<api::Service>({}, "{metadata: {labels: {team: a}}}");
  expect_left_alone<api::Service>({}, "{spec: {selector: {team: a}}}");
  expect_left_alone<api::Service>({}, "{spec: {clusterIP: 10.0.0.7}}");
  expect_left_alone<api::Service>(
      {}, "{spec: {ports: {'9': {name: more, protocol: TCP, port: 9, nodePort: 30009}}}}");
}

TEST(Drift, WhatOthersAddToTheClaimIsLeftAlone) {
  api::LocalRegistrySpec spec;
  spec.persistence.enabled = true;
  expect_left_alone<api::PersistentVolumeClaim>(spec, "{metadata: {labels: {team: a}}}");
  expect_left_alone<api::PersistentVolumeClaim>(spec, "{spec: {storageClassName: standard}}");
  expect_left_alone<api::PersistentVolumeClaim>(
      spec, "{metadata: {annotations: {pv.kubernetes.io/bind-completed: 'yes'}}}");
}

TEST(Drift, AnotherRollingUpdateIsRemovedFromARecreateStrategy) {
  World world = converged_world({});
  auto* deployment = world.find<api::Deployment>();
  deployment->spec.strategy.type = "RollingUpdate";
  deployment->spec.strategy.rolling_update.text = R"({"maxSurge":1})";
  const std::string uid = deployment->metadata.uid;
  const std::vector<std::string> lines = world.run();
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines[0], "reset the strategy of Deployment team-a/registry uid-1");
  EXPECT_EQ(world.find<api::Deployment>()->metadata.uid, uid);
  EXPECT_EQ(world.find<api::Deployment>()->spec.strategy.type, "Recreate");
  EXPECT_EQ(world.find<api::Deployment>()->spec.strategy.rolling_update.text, "");
}

}  // namespace
}  // namespace test
