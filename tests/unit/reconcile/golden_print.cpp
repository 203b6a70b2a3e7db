#include "unit/reconcile/golden_print.h"

#include <algorithm>
#include <stdexcept>

#include "reconcile/children/children.h"
#include "reconcile/children/names.h"

namespace test {
namespace {

constexpr std::string_view kAppliedPod = reconcile::kAppliedPodAnnotation;
constexpr std::string_view kIntent = reconcile::kIntentAnnotation;

// Returns the patch that makes `after` of `before`. Throws std::logic_error if the patch would not:
// then a difference would stay unseen.
Tree checked_patch(const Tree& before, const Tree& after) {
  Tree patch = patch_between(before, after);
  if (!is_same(merged(before, patch), after)) {
    throw std::logic_error("not the whole difference: " + to_json(patch));
  }
  return patch;
}

// Returns the JSON of an object, with the annotation that records the pod template as a value. The
// recorded template is shown as its difference from the template of the object.
template <class T>
Tree readable(const T& object) {
  Tree tree = tree_of(object);
  Tree* metadata = tree.find("metadata");
  Tree* annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
  Tree* text = annotations == nullptr ? nullptr : annotations->find(kAppliedPod);
  const Tree* spec = tree.find("spec");
  const Tree* running = spec == nullptr ? nullptr : spec->find("template");
  if (text == nullptr || running == nullptr || !text->text.starts_with("{")) return tree;
  Tree record = from_json(text->text);
  Tree& recorded = record["template"];
  const bool is_running = is_same(recorded, *running);
  recorded = is_running ? string("that of spec") : checked_patch(*running, recorded);
  *text = std::move(record);
  return tree;
}

// Hashes change with any other field. So a difference only says that they have changed.
void mask_hashes(Tree& patch) {
  Tree* metadata = patch.find("metadata");
  Tree* annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
  if (annotations == nullptr) return;
  const auto mask = [](Tree* hash) {
    if (hash != nullptr && hash->kind == json::Kind::kString) *hash = string("changed");
  };
  mask(annotations->find(kIntent));
  if (Tree* record = annotations->find(kAppliedPod)) mask(record->find("inputs"));
}

// Returns what the builders give for the default LocalRegistry, with persistence for the objects
// that only exist with it.
template <class T>
T default_object() {
  api::LocalRegistry registry = a_registry();
  if constexpr (std::is_same_v<T, api::Deployment>) {
    return reconcile::build_deployment(registry, true);
  } else if constexpr (std::is_same_v<T, api::Service>) {
    return reconcile::build_service(registry, 0);
  } else {
    registry.spec.persistence.enabled = true;
    if constexpr (std::is_same_v<T, api::StatefulSet>) {
      return reconcile::build_stateful_set(registry, true);
    } else {
      return reconcile::build_pvc(registry, nullptr);
    }
  }
}

// Returns the whole object. The pod template of a StatefulSet is shown by its difference from that
// of the default Deployment, which another golden case shows whole.
template <class T>
Tree whole(const T& object) {
  Tree tree = readable(object);
  if constexpr (std::is_same_v<T, api::StatefulSet>) {
    Tree& pod = tree["spec"]["template"];
    const Tree usual = tree_of(default_object<api::Deployment>().spec.pod_template);
    Tree patch = checked_patch(usual, pod);
    pod = test::object();
    pod["unlikeDeployment"] = std::move(patch);
  }
  return tree;
}

// Details adds to the entry of an action what it does to its object.
struct Details {
  const World& world;
  Shown shown;
  Tree& entry;

  template <class T>
  void operator()(const reconcile::Apply<T>& action) const {
    const bool creates = action.uid.empty();
    if (creates && shown != Shown::kDifferences) {
      entry["object"] = whole(action.object);
      return;
    }
    const Tree before = readable(creates ? default_object<T>() : existing<T>(action));
    const Tree after = readable(creates ? action.object : changed<T>(action));
    add(creates ? "unlikeDefault" : "changes", before, after);
    if constexpr (std::is_same_v<T, api::Service>) {
      if (!action.port_may_be_released_soon) entry["portMayBeReleasedSoon"] = string("no");
      // A version that is not the observed one fails in World::apply().
      if (!creates && action.resource_version.empty()) entry["atVersion"] = string("any");
    }
  }
  void operator()(const reconcile::ResetStrategy& action) const {
    entry["patch"] = tree_of(action.patch.spec);
  }
  void operator()(const reconcile::ResetPorts& action) const {
    entry["patch"] = tree_of(action.patch.spec);
  }
  void operator()(const reconcile::Delete& action) const {
    if (action.healed.empty()) return;
    Tree& fields = entry["heals"] = list();
    for (const std::string& field : action.healed) fields.items.push_back(string(field));
  }
  void operator()(const reconcile::RecordContestedFields& action) const {
    entry["retryAfter"] = string(std::to_string(action.retry_after.count()) + " ms");
  }
  void operator()(const auto&) const {}

 private:
  void add(const char* name, const Tree& before, const Tree& after) const {
    Tree patch = checked_patch(before, after);
    mask_hashes(patch);
    if (!patch.members.empty()) entry[name] = std::move(patch);
  }

  template <class T>
  const Kept<T>& kept(const reconcile::Apply<T>& action) const {
    return world.all<T>().at(api::key_of(action.object.metadata));
  }
  template <class T>
  T existing(const reconcile::Apply<T>& action) const {
    return kept(action).object;
  }
  template <class T>
  T changed(const reconcile::Apply<T>& action) const {
    const Kept<T>& before = kept(action);
    return decoded<T>(applied(before.last, tree_of(before.object), tree_of(action.object)));
  }
};

// Ready repeats the reason and message of another condition; then it names that condition.
std::string message_of(const api::Condition& condition, const std::vector<api::Condition>& all) {
  const auto same = std::ranges::find_if(all, [&](const api::Condition& other) {
    return other.type != condition.type && other.status == condition.status &&
           other.reason == condition.reason && other.message == condition.message;
  });
  return same == all.end() || condition.type != "Ready" ? condition.message
                                                        : "that of " + same->type;
}

Tree readable(const api::LocalRegistryStatus& status, base::Time now) {
  Tree tree = tree_of(status);
  Tree& conditions = tree["conditions"] = object();
  for (const api::Condition& condition : status.conditions) {
    const bool is_new = condition.last_transition_time == now;
    Tree& entry = conditions[condition.type];
    entry["status"] = string(condition.status + " " + condition.reason);
    entry["since"] = string(is_new ? "now" : base::format_seconds(*condition.last_transition_time));
    entry["message"] = string(message_of(condition, status.conditions));
    if (condition.observed_generation == status.observed_generation) continue;
    entry["observedGeneration"] = integer(condition.observed_generation);
  }
  return tree;
}

World default_world() {
  World world(a_registry());
  world.reconcile();
  return world;
}

Tree last_conditions(const api::LocalRegistryStatus& status) {
  Tree tree = object();
  for (const api::Condition& condition : status.conditions) {
    tree[condition.type] = string(condition.status + " " + condition.reason);
  }
  return tree;
}

}  // namespace

Tree tree_of_action(const World& world, const reconcile::Action& action, const std::string& line,
                    Shown shown) {
  Tree entry = object();
  entry["action"] = string(line);
  std::visit(Details{world, shown, entry}, action);
  return entry.members.size() == 1 ? string(line) : entry;
}

Tree tree_of_status(const api::LocalRegistryStatus& before, const api::LocalRegistryStatus& status,
                    base::Time now, Shown shown) {
  if (shown == Shown::kEverything) return readable(status, now);
  Tree tree = object();
  if (before != api::LocalRegistryStatus()) {
    tree["changes"] = checked_patch(readable(before, now), readable(status, now));
    return tree;
  }
  const World world = default_world();
  const Tree first = readable(world.registry->status, world.now);
  tree["unlikeDefault"] = checked_patch(first, readable(status, now));
  return tree;
}

Tree tree_of_last_conditions(const api::LocalRegistryStatus& status, Shown shown) {
  if (shown == Shown::kEverything) return last_conditions(status);
  World world(a_registry());
  world.converge();
  Tree patch = checked_patch(last_conditions(world.registry->status), last_conditions(status));
  return patch.members.empty() ? Tree() : patch;
}

}  // namespace test
