#include "unit/reconcile/golden.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "base/limits.h"
#include "reconcile/children/children.h"
#include "reconcile/children/names.h"

namespace test {

// Description has the members of an observed.yaml; tests/golden/README.md documents them.
struct Description {
  json::Raw was;
  json::Raw registry;
  json::Raw deployment;
  json::Raw stateful_set;
  json::Raw service;
  json::Raw pvc;
  json::Raw target_namespace;
  json::Raw namespace_was;
  json::Raw pods;
  std::vector<json::Raw> failures;
  std::vector<json::Raw> refused;
  std::map<std::string, json::Raw> policies;
  std::vector<int> taken_ports;
  std::map<std::string, std::string> pushes_were;
  std::map<std::string, std::string> pushes;
  std::string rival;
  std::string manager;
  std::map<std::string, std::string> healed_too_often;
  std::string show;
  std::string earlier_version;
  std::vector<std::string> not_watched;
  std::vector<std::string> allowed_images;
  bool has_twin = false;
  bool live = false;
  bool target_not_watched = false;
  bool kind_cluster = false;
  bool pvc_owner_may_exist = false;
  bool class_does_not_expand = false;
  bool pods_are_restricted = false;
  bool pods_were_restricted = false;
};

// Mishap is an error in `failures` or `refused`.
struct Mishap {
  std::string target;
  std::string code;
  std::string message;
  int node_port = 0;
};

}  // namespace test

template <>
struct json::Fields<test::Description> {
  using T = test::Description;
  static constexpr auto kTable = std::make_tuple(
      json::field("was", &T::was), json::field("registry", &T::registry),
      json::field("deployment", &T::deployment), json::field("statefulSet", &T::stateful_set),
      json::field("service", &T::service), json::field("claim", &T::pvc),
      json::field("namespace", &T::target_namespace),
      json::field("namespaceWas", &T::namespace_was), json::field("pods", &T::pods),
      json::field("failures", &T::failures), json::field("refused", &T::refused),
      json::field("policies", &T::policies), json::field("manager", &T::manager),
      json::field("healedTooOften", &T::healed_too_often),
      json::field("takenPorts", &T::taken_ports), json::field("rival", &T::rival),
      json::field("pushesWere", &T::pushes_were), json::field("pushes", &T::pushes),
      json::field("show", &T::show), json::field("earlierVersion", &T::earlier_version),
      json::field("live", &T::live), json::field("targetNotWatched", &T::target_not_watched),
      json::field("notWatched", &T::not_watched), json::field("hasTwin", &T::has_twin),
      json::field("allowedImages", &T::allowed_images),
      json::field("kindCluster", &T::kind_cluster),
      json::field("claimOwnerLives", &T::pvc_owner_may_exist),
      json::field("classDoesNotExpand", &T::class_does_not_expand),
      json::field("podsAreRestricted", &T::pods_are_restricted),
      json::field("podsWereRestricted", &T::pods_were_restricted));
};

template <>
struct json::Fields<test::Mishap> {
  using T = test::Mishap;
  static constexpr auto kTable =
      std::make_tuple(json::field("target", &T::target), json::field("code", &T::code),
                      json::field("message", &T::message), json::field("nodePort", &T::node_port));
};

namespace test {
namespace {

constexpr std::string_view kAbsent = "\"absent\"";

template <class T>
T patched(const T& base, const json::Raw& patch) {
  return decoded<T>(merged(tree_of(base), from_json(patch.text)));
}

void patch_registry(World& world, const json::Raw& patch) {
  if (patch.text.empty()) return;
  if (patch.text == kAbsent) {
    world.registry.reset();
    return;
  }
  const api::LocalRegistrySpec spec = world.registry->spec;
  auto changed = patched(*world.registry, patch);
  const bool is_another = changed.spec != spec && changed.status.observed_generation != 0;
  if (is_another) ++changed.metadata.generation;
  world.registry = std::make_shared<const api::LocalRegistry>(std::move(changed));
}

// Applies the patch to the object at `key`. Without an object, creates one that another client
// owns.
template <class T>
void patch_object(World& world, const api::ObjectKey& key, const json::Raw& patch) {
  if (patch.text.empty()) return;
  Objects<T>& objects = world.all<T>();
  if (patch.text == kAbsent) {
    objects.erase(key);
    return;
  }
  if (!objects.contains(key)) {
    T& object = objects[key].object;
    object.metadata.name = key.name;
    object.metadata.namespace_name = key.namespace_name;
    object.metadata.uid = "uid-foreign";
    object.metadata.resource_version = "9";
  }
  Kept<T>& kept = objects[key];
  kept.object = patched(kept.object, patch);
}

// Removes the fields that an earlier version of the operator did not set yet.
void age(api::PodTemplateSpec& pod) {
  pod.metadata.labels.erase(std::string(reconcile::kAppLabel));
  for (api::Container& container : pod.spec.containers) {
    container.termination_message_policy.clear();
    std::erase_if(container.env, [](const api::EnvVar& variable) {
      return variable.name != "REGISTRY_HTTP_ADDR";
    });
  }
}

constexpr std::string_view kAppliedPod = reconcile::kAppliedPodAnnotation;

// Makes the workloads look as an earlier version of the operator applied them. `how`: "recorded"
// with the annotation that records the pod template, "unrecorded" without it, "" for no change.
void age_workloads(World& world, const std::string& how) {
  if (how.empty()) return;
  if (how != "recorded" && how != "unrecorded") throw std::runtime_error("no such age: " + how);
  for (auto& [key, kept] : world.all<api::Deployment>()) {
    const auto& record = kept.object.metadata.annotations[std::string(kAppliedPod)];
    auto pod = decoded<reconcile::AppliedPod>(from_json(record));
    age(pod.pod_template);
    auto aged = reconcile::build_deployment(*world.registry, pod, reconcile::kNeverRefused);
    if (how == "unrecorded") {
      aged.metadata.annotations.erase(std::string(kAppliedPod));
      aged.metadata.annotations.erase(std::string(reconcile::kBuildKitRefusedAnnotation));
      aged.metadata.annotations[std::string(reconcile::kIntentAnnotation)] = "earlier";
    }
    kept.object.metadata.annotations = aged.metadata.annotations;
    kept.object.spec.pod_template = aged.spec.pod_template;
    kept.last = tree_of(aged);
  }
  for (auto& [key, kept] : world.all<api::StatefulSet>()) {
    age(kept.object.spec.pod_template);
    kept.object.spec.pod_management_policy = "OrderedReady";
  }
}

void patch_pods(World& world, const json::Raw& patch) {
  if (patch.text.empty()) return;
  world.pods = decoded<std::vector<api::Pod>>(merged(tree_of(world.pods), from_json(patch.text)));
}

void patch_namespace(World& world, const std::string& name, const json::Raw& patch) {
  world.namespaces.try_emplace(name, a_namespace(name));
  if (patch.text.empty()) return;
  if (patch.text == kAbsent) {
    world.namespaces.erase(name);
  } else {
    world.namespaces[name] = patched(world.namespaces[name], patch);
  }
}

base::ErrorCode code_of(const std::string& name) {
  for (int code = 0; code <= static_cast<int>(base::ErrorCode::kInternal); ++code) {
    if (base::name(static_cast<base::ErrorCode>(code)) == name) {
      return static_cast<base::ErrorCode>(code);
    }
  }
  throw std::runtime_error("no such error code: " + name);
}

ObjectRole kind_of_name(const std::string& name) {
  for (const ObjectRole role : {ObjectRole::kLocalRegistry, ObjectRole::kDeployment,
                                ObjectRole::kStatefulSet, ObjectRole::kService, ObjectRole::kPvc}) {
    if (reconcile::kind_name(role) == name) return role;
  }
  throw std::runtime_error("no such target: " + name);
}

reconcile::FailedRequest failure_of(const json::Raw& text) {
  const auto mishap = decoded<Mishap>(from_json(text.text));
  return {kind_of_name(mishap.target), {code_of(mishap.code), mishap.message}, mishap.node_port};
}

std::map<std::string, api::PushPermission> permissions(
    const std::map<std::string, std::string>& words) {
  std::map<std::string, api::PushPermission> result;
  for (const auto& [image, word] : words) {
    for (const auto permission : {api::PushPermission::kGranted, api::PushPermission::kDenied,
                                  api::PushPermission::kUnknown}) {
      if (api::name(permission) == word) result[image] = permission;
    }
    if (!result.contains(image)) throw std::runtime_error("no such permission: " + word);
  }
  return result;
}

// Returns the converged world of `was`, in which the target namespace allows the resource. The
// patch `namespace` is applied later.
World earlier_world(const Description& description) {
  api::LocalRegistry registry = patched(a_registry(), description.was);
  World world(registry);
  const std::string target = api::target_namespace(registry);
  world.namespaces[target].metadata.annotations = {
      {std::string(reconcile::kAllowFromAnnotation), registry.metadata.namespace_name}};
  patch_namespace(world, target, description.namespace_was);
  world.pushes = permissions(description.pushes_were);
  world.pods_are_restricted = description.pods_were_restricted;
  world.converge();
  world.push_checks.clear();
  return world;
}

template <class T>
std::size_t intent_of(World& world) {
  return reconcile::digest_of(decoded<T>(world.all<T>().at(world.target_key()).last));
}

// Records as many heals of each field as the limit allows.
void add_heals(World& world, const std::map<std::string, std::string>& fields) {
  for (const auto& [kind, path] : fields) {
    const ObjectRole target = kind_of_name(kind);
    const std::size_t intent = target == ObjectRole::kService ? intent_of<api::Service>(world)
                                                              : intent_of<api::Deployment>(world);
    for (std::size_t i = 0; i < limits::kHealsInWindow; ++i) {
      reconcile::record_write(world.history, {target, intent, {path}, {}, world.instant});
    }
  }
}

void add_facts(World& world, const Description& description) {
  world.target_watched = !description.target_not_watched;
  world.unwatched.insert(description.not_watched.begin(), description.not_watched.end());
  world.allowed_images = description.allowed_images;
  world.has_twin = description.has_twin;
  world.kind_cluster = description.kind_cluster;
  world.pvc_owner_may_exist = description.pvc_owner_may_exist;
  world.expandable = !description.class_does_not_expand;
  world.pods_are_restricted = description.pods_are_restricted;
  world.live = description.live;
  world.taken_ports.insert(description.taken_ports.begin(), description.taken_ports.end());
  const std::size_t slash = description.rival.find('/');
  if (slash != std::string::npos) {
    world.rival = {description.rival.substr(0, slash), description.rival.substr(slash + 1)};
  }
  for (const json::Raw& failure : description.failures) {
    world.failures.push_back(failure_of(failure));
  }
  for (const json::Raw& text : description.refused) {
    const reconcile::FailedRequest failure = failure_of(text);
    world.refusals[failure.role] = failure.error;
  }
  for (const auto& [target, patch] : description.policies) {
    world.policies[kind_of_name(target)] = from_json(patch.text);
  }
  world.manager = description.manager;
  add_heals(world, description.healed_too_often);
  world.pushes = permissions(description.pushes);
  world.now = at("2026-01-02T00:00:00Z");
}

Shown shown(const std::string& word) {
  if (word.empty()) return Shown::kDifferences;
  if (word == "objects") return Shown::kObjects;
  if (word == "everything") return Shown::kEverything;
  throw std::runtime_error("nothing to show: " + word);
}

}  // namespace

std::vector<std::string> golden_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(SOURCE_DIR "/tests/golden")) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

GoldenCase read_case(const Tree& yaml) {
  const auto description = decoded<Description>(yaml);
  const bool has_past = !description.was.text.empty();
  World world = has_past ? earlier_world(description) : World(a_registry());
  api::ObjectKey key = world.target_key();
  age_workloads(world, description.earlier_version);
  patch_registry(world, description.registry);
  if (!has_past && world.registry) key = world.target_key();
  patch_object<api::Deployment>(world, key, description.deployment);
  patch_object<api::StatefulSet>(world, key, description.stateful_set);
  patch_object<api::Service>(world, key, description.service);
  patch_object<api::PersistentVolumeClaim>(world, key, description.pvc);
  patch_pods(world, description.pods);
  const api::ObjectKey target = world.registry ? world.target_key() : key;
  patch_namespace(world, target.namespace_name, description.target_namespace);
  add_facts(world, description);
  return {std::move(world), shown(description.show)};
}

std::string difference(const std::string& expected, const std::string& actual) {
  const auto split = [](const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      lines.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return lines;
  };
  const std::vector<std::string> a = split(expected);
  const std::vector<std::string> b = split(actual);
  // common[i][j] is the length of the longest common subsequence of a from i on and b from j on.
  // Quadratic time suffices, since the cases are short.
  std::vector<std::vector<int>> common(a.size() + 1, std::vector<int>(b.size() + 1));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      common[i][j] =
          a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::string text;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      ++i, ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      text += "- " + a[i++] + "\n";
    } else {
      text += "+ " + b[j++] + "\n";
    }
  }
  return text;
}

}  // namespace test
