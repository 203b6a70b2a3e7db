#include "unit/reconcile/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "reconcile/checks/child_namespaces.h"
#include "reconcile/children/names.h"
#include "reconcile/children/node_port.h"

namespace test {
namespace {

constexpr int kFirstPort = 30000;
constexpr int kLastPort = 32767;
constexpr int kMaxReconciles = 12;
constexpr std::string_view kRefused = " (refused)";

base::Error invalid(std::string field, std::string message) {
  return {base::ErrorCode::kInvalid, message, {{std::move(field), "FieldValueInvalid", message}}};
}

template <class T>
void add_misplaced_children(const Objects<T>& objects, const World& world,
                            std::vector<reconcile::MisplacedChild>& list) {
  const api::ObjectKey owner = {"team-a", "dev"};
  for (const auto& [key, kept] : objects) {
    const api::ObjectMeta& meta = kept.object.metadata;
    if (reconcile::owner_key(meta) != owner || !reconcile::is_managed(meta)) continue;
    if (world.registry ? !world.may_own(meta) : !world.may_be_orphan(meta)) continue;
    if (world.registry && !reconcile::belongs_to(meta, *world.registry)) continue;
    if (world.registry && key == world.target_key()) continue;
    list.push_back(
        {reconcile::role_of_type<T>(), meta, reconcile::node_port_of_child(kept.object)});
  }
}

template <class T>
void add_orphans(const Objects<T>& objects, const World& world,
                 std::vector<reconcile::MisplacedChild>& list) {
  for (const auto& [key, kept] : objects) {
    const api::ObjectMeta& meta = kept.object.metadata;
    if (reconcile::may_have_orphans_in(*world.registry, key.namespace_name) &&
        reconcile::is_orphan(meta, *world.registry)) {
      list.push_back({reconcile::role_of_type<T>(), meta});
    }
  }
}

template <class T>
std::shared_ptr<const T> snapshot(const Objects<T>& objects, const api::ObjectKey& key) {
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : std::make_shared<const T>(found->second.object);
}

template <class T>
void collect(Objects<T>& objects, const std::string& uid) {
  std::erase_if(objects, [&](const auto& entry) {
    const auto& owners = entry.second.object.metadata.owner_references;
    return std::any_of(owners.begin(), owners.end(),
                       [&](const api::OwnerReference& owner) { return owner.uid == uid; });
  });
}

// Refuses a volume with two sources, or a probe with two handlers. Another client's change can
// leave these after an apply.
std::optional<base::Error> contradiction(const api::PodTemplateSpec& pod) {
  for (const api::Volume& volume : pod.spec.volumes) {
    if (volume.empty_dir && volume.persistent_volume_claim) {
      return invalid("spec.template.spec.volumes[0]", "may not specify more than 1 volume type");
    }
  }
  for (const api::Container& container : pod.spec.containers) {
    for (const auto& probe : {container.readiness_probe, container.liveness_probe}) {
      if (probe && probe->http_get && probe->exec) {
        return invalid("spec.template.spec.containers[0]",
                       "may not specify more than 1 handler type");
      }
    }
  }
  return std::nullopt;
}

template <class T>
void add_lines(const Objects<T>& objects, std::vector<std::string>& lines) {
  for (const auto& [key, kept] : objects) {
    lines.push_back(fmt::format("{} {}", api::Resource<T>::kType.kind, api::to_string(key)));
    if constexpr (std::is_same_v<T, api::Service>) {
      for (const api::ServicePort& port : kept.object.spec.ports) {
        lines.back() += fmt::format(" {}", port.node_port);
      }
    }
    if (reconcile::is_terminating(kept.object.metadata)) lines.back() += " (terminating)";
  }
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "\n  " + line;
  return text;
}

int number_of(const api::ServicePort& port) { return port.node_port; }

constexpr std::string_view kRestricted = "pods \"x\" is forbidden: violates PodSecurity";

struct LineOf {
  std::string operator()(const reconcile::ReadLive&) const { return "read live"; }
  std::string operator()(const reconcile::ReadPodRefusal& action) const {
    return fmt::format("read why StatefulSet {} {} has no pod", api::to_string(action.key),
                       action.uid);
  }
  std::string operator()(const reconcile::SetFinalizer& action) const {
    return action.present ? "add the finalizer" : "remove the finalizer";
  }
  std::string operator()(const reconcile::CheckPush& action) const {
    return fmt::format("check push of {}", fmt::join(action.images, ", "));
  }
  std::string operator()(const reconcile::RecordContestedFields& action) const {
    return fmt::format("note that {} {} is contested in {}", reconcile::kind_name(action.role),
                       api::to_string(action.key), fmt::join(action.fields, ", "));
  }
  std::string operator()(const reconcile::ResetStrategy& action) const {
    const api::ObjectMeta& meta = action.patch.metadata;
    return fmt::format("reset the strategy of Deployment {} {}", api::to_string(api::key_of(meta)),
                       meta.uid);
  }
  std::string operator()(const reconcile::ResetPorts& action) const {
    const api::ObjectMeta& meta = action.patch.metadata;
    return fmt::format("reset the ports of Service {} {}, nodePort {}",
                       api::to_string(api::key_of(meta)), meta.uid,
                       reconcile::node_port_of(action.patch));
  }
  std::string operator()(const reconcile::Delete& action) const {
    std::string line = fmt::format("delete {} {} {}", reconcile::kind_name(action.role),
                                   api::to_string(action.key), action.uid);
    if (!action.resource_version.empty()) line += " at version " + action.resource_version;
    if (action.keeps_pods) line += " without its pods";
    if (action.is_orphan) line += " (an orphan)";
    return line;
  }
  template <class T>
  std::string operator()(const reconcile::Apply<T>& action) const {
    const bool creates = action.cause == reconcile::Cause::kCreate;
    const bool heals = action.cause == reconcile::Cause::kHeal;
    std::string line = fmt::format("{} {} {}",
                                   creates ? "create"
                                   : heals ? "heal"
                                           : "update",
                                   api::Resource<T>::kType.kind,
                                   api::to_string(api::key_of(action.object.metadata)));
    if (!action.uid.empty()) line += " " + action.uid;
    if (!action.field.empty()) line += " " + action.field;
    if constexpr (std::is_same_v<T, api::Service>) {
      const int port = number_of(action.object.spec.ports.front());
      if (port != 0) line += fmt::format(", nodePort {}", port);
    }
    return line;
  }
};

}  // namespace

base::Time at(std::string_view time) { return *base::parse_time(time); }

api::LocalRegistry a_registry() {
  api::LocalRegistry registry;
  registry.metadata.name = "dev";
  registry.metadata.namespace_name = "team-a";
  registry.metadata.uid = "uid-dev";
  registry.metadata.resource_version = "1";
  registry.metadata.generation = 1;
  registry.metadata.creation_timestamp = at("2026-01-01T00:00:00Z");
  return registry;
}

api::Namespace a_namespace(std::string name) {
  api::Namespace result;
  result.metadata.name = std::move(name);
  return result;
}

World::World(api::LocalRegistry created) {
  registry = std::make_shared<const api::LocalRegistry>(std::move(created));
  const std::string& target = api::target_namespace(*registry);
  namespaces.emplace(target, a_namespace(target));
}

template <class T>
T* World::find() {
  const auto found = all<T>().find(target_key());
  return found == all<T>().end() ? nullptr : &found->second.object;
}
template api::Deployment* World::find();
template api::StatefulSet* World::find();
template api::Service* World::find();
template api::PersistentVolumeClaim* World::find();

api::ObjectKey World::target_key() const {
  return {api::target_namespace(*registry), registry->spec.name};
}

reconcile::Observed World::observe() const {
  reconcile::Observed observed;
  observed.now = now;
  observed.instant = instant;
  observed.history = history;
  observed.registry = registry;
  observed.live = live;
  observed.failures = failures;
  observed.pod_refusal = pod_refusal;
  observed.kind_cluster = kind_cluster;
  observed.target_watched = target_watched;
  observed.pvc_owner_may_exist = pvc_owner_may_exist;
  observed.rival = rival;
  observed.has_same_second_candidate = has_same_second_candidate;
  observed.allowed_images = allowed_images;
  observed.push_checks = push_checks;
  const auto each = [&](auto visit) {
    std::apply([&](const auto&... all) { (visit(all), ...); }, children_);
  };
  each([&](const auto& all) { add_misplaced_children(all, *this, observed.misplaced_children); });
  if (!registry) return observed;
  each([&](const auto& all) { add_orphans(all, *this, observed.orphans); });
  observed.unwatched_namespaces = reconcile::other_namespaces(*registry);
  std::erase_if(observed.unwatched_namespaces,
                [&](const std::string& name) { return !unwatched.contains(name); });
  observed.slots.each([&]<class Row>(Row, auto& slot) {
    slot = snapshot(all<reconcile::ObjectOf<Row>>(), Row::key(*registry));
  });
  for (const api::Pod& pod : pods) observed.pods.push_back(std::make_shared<const api::Pod>(pod));
  const auto found = namespaces.find(api::target_namespace(*registry));
  if (found != namespaces.end()) {
    observed.target_namespace = std::make_shared<const api::Namespace>(found->second);
  }
  return observed;
}

bool World::may_be_orphan(const api::ObjectMeta& object) const {
  const auto found = namespaces.find(object.namespace_name);
  return reconcile::may_be_orphan_of_deleted_owner(
      object, found == namespaces.end() ? nullptr : &found->second);
}

bool World::may_own(const api::ObjectMeta& object) const {
  return reconcile::may_have_children_in(*registry, object.namespace_name);
}

void World::change_spec(const api::LocalRegistrySpec& spec) {
  api::LocalRegistry changed = *registry;
  if (changed.spec != spec && changed.status.observed_generation != 0) {
    ++changed.metadata.generation;
  }
  changed.spec = spec;
  changed.metadata.resource_version = next_version();
  registry = std::make_shared<const api::LocalRegistry>(std::move(changed));
}

void World::delete_registry() {
  if (registry->metadata.finalizers.empty()) {
    const std::string uid = registry->metadata.uid;
    registry.reset();
    collect_garbage(uid);
    return;
  }
  api::LocalRegistry changed = *registry;
  changed.metadata.deletion_timestamp = now;
  registry = std::make_shared<const api::LocalRegistry>(std::move(changed));
}

void World::collect_garbage(const std::string& uid) {
  std::apply([&](auto&... all) { (collect(all, uid), ...); }, children_);
  finish_deletions();
}

void World::finish_deletions() {
  std::erase_if(all<api::PersistentVolumeClaim>(), [&](const auto& entry) {
    return reconcile::is_terminating(entry.second.object.metadata) &&
           !all<api::StatefulSet>().contains(entry.first);
  });
  std::erase_if(pods, [&](const api::Pod& pod) {
    const api::ObjectKey workload = {pod.metadata.namespace_name,
                                     std::string(api::lookup(pod.metadata.labels, "workload"))};
    return !all<api::Deployment>().contains(workload) &&
           !all<api::StatefulSet>().contains(workload);
  });
}

std::optional<base::Error> World::refuse_owners(const api::ObjectMeta& meta) {
  const auto count =
      std::count_if(meta.owner_references.begin(), meta.owner_references.end(),
                    [](const auto& owner) { return owner.controller.value_or(false); });
  if (count < 2) return std::nullopt;
  return invalid("metadata.ownerReferences", "Only one reference can have Controller set to true");
}

std::optional<base::Error> World::refuse(const api::Deployment* before,
                                         const api::Deployment& after) {
  if (before != nullptr && before->spec.selector != after.spec.selector) {
    return invalid("spec.selector", "field is immutable");
  }
  if (after.spec.strategy.type == "Recreate" && !after.spec.strategy.rolling_update.text.empty()) {
    return invalid("spec.strategy.rollingUpdate",
                   "may not be specified when strategy `type` is 'Recreate'");
  }
  return contradiction(after.spec.pod_template);
}

std::optional<base::Error> World::refuse(const api::StatefulSet* before,
                                         const api::StatefulSet& after) {
  if (before != nullptr &&
      (before->spec.selector != after.spec.selector ||
       before->spec.service_name != after.spec.service_name ||
       before->spec.pod_management_policy != after.spec.pod_management_policy)) {
    return invalid("spec", "updates to statefulset spec for fields other than … are forbidden");
  }
  return contradiction(after.spec.pod_template);
}

bool World::is_free(int port, const api::ObjectKey& own) const {
  if (taken_ports.contains(port)) return false;
  return std::none_of(
      all<api::Service>().begin(), all<api::Service>().end(), [&](const auto& entry) {
        const auto& ports = entry.second.object.spec.ports;
        return entry.first != own &&
               std::any_of(ports.begin(), ports.end(),
                           [&](const api::ServicePort& used) { return used.node_port == port; });
      });
}

// A ServicePort without node port keeps that of the earlier ServicePort with the same name, as in
// the API server (core/service: patchAllocatedValues).
std::optional<base::Error> World::assign_port(const api::Service* before, api::Service& after) {
  for (api::ServicePort& port : after.spec.ports) {
    if (before != nullptr && port.node_port == 0) {
      for (const api::ServicePort& old : before->spec.ports) {
        if (old.name == port.name) port.node_port = old.node_port;
      }
    }
    const api::ObjectKey key = api::key_of(after.metadata);
    for (int next = kFirstPort; port.node_port == 0 && next <= kLastPort; ++next) {
      if (is_free(next, key)) port.node_port = next;
    }
    if (port.node_port < kFirstPort || port.node_port > kLastPort) {
      return invalid("spec.ports[0].nodePort",
                     "provided port is not in the valid range. The range of valid ports is "
                     "30000-32767");
    }
    if (!is_free(port.node_port, key)) {
      return invalid("spec.ports[0].nodePort", "provided port is already allocated");
    }
  }
  return std::nullopt;
}

std::optional<base::Error> World::refuse(const api::Service* before, api::Service& after) {
  std::set<std::string> names;
  for (const api::ServicePort& port : after.spec.ports) {
    if (!names.insert(port.name).second) return invalid("spec.ports[1].name", "duplicate value");
  }
  return after.spec.type == "NodePort" ? assign_port(before, after) : std::nullopt;
}

std::optional<base::Error> World::refuse(const api::PersistentVolumeClaim* before,
                                         const api::PersistentVolumeClaim& after) {
  if (before == nullptr) return std::nullopt;
  if (before->spec.access_modes != after.spec.access_modes ||
      (before->spec.storage_class_name &&
       before->spec.storage_class_name != after.spec.storage_class_name)) {
    return invalid("spec", "spec is immutable after creation except resources.requests");
  }
  const auto order = api::compare(after.spec.resources.requests.at("storage"),
                                  before->spec.resources.requests.at("storage"));
  if (*order == std::strong_ordering::less) {
    return invalid("spec.resources.requests.storage", "field can not be less than status.capacity");
  }
  if (*order == std::strong_ordering::greater && !expandable) {
    return base::Error{base::ErrorCode::kForbidden,
                       "only dynamically provisioned pvc can be resized and the storageclass that "
                       "provisions the pvc must support resize"};
  }
  return std::nullopt;
}

template <class T>
void World::apply(const reconcile::Apply<T>& action) {
  Objects<T>& objects = all<T>();
  const ObjectRole role = action.role;
  const api::ObjectKey key = api::key_of(action.object.metadata);
  const auto found = objects.find(key);
  const bool exists = found != objects.end();
  const api::ObjectMeta none;
  const api::ObjectMeta& meta = exists ? found->second.object.metadata : none;
  const bool changed =
      !action.resource_version.empty() && meta.resource_version != action.resource_version;
  if (exists != !action.uid.empty() || meta.uid != action.uid || changed) {
    ADD_FAILURE() << line_of(action) << ": a precondition that does not hold";
    return;
  }
  const bool foreign = exists && !reconcile::belongs_to(found->second.object.metadata, *registry);
  if (foreign && role != ObjectRole::kPvc) ADD_FAILURE() << line_of(action) << ": not ours";
  const std::size_t fingerprint = reconcile::fingerprint_of(action.object);
  if (refusals.contains(role)) {
    reconcile::record_failed_write(history, role, fingerprint, instant);
    return failures.push_back({role, refusals.at(role)});
  }
  const StoredObject<T> before = exists ? found->second : StoredObject<T>();
  const Tree intent = tree_of(action.object);
  T after = admitted<T>(role, applied(before.last, tree_of(before.object), intent));
  int asked_for = 0;
  if constexpr (std::is_same_v<T, api::Service>) {
    asked_for = action.object.spec.ports.front().node_port;
  }
  auto error = refuse_owners(after.metadata);
  if (!error) error = refuse(exists ? &before.object : nullptr, after);
  if (error) {
    const bool about_port =
        !error->causes.empty() && error->causes.front().field == "spec.ports[0].nodePort";
    reconcile::record_failed_write(history, role, fingerprint, instant);
    return failures.push_back({role, *error, about_port ? asked_for : 0});
  }
  if (!exists) after.metadata.uid = next_uid();
  if (!exists || tree_of(after.spec) != tree_of(before.object.spec)) ++after.metadata.generation;
  if (after != before.object) after.metadata.resource_version = next_version();
  record(action, exists ? &before.object : nullptr, after);
  objects[key] = {std::move(after), intent};
}

template <class T>
T World::admitted(ObjectRole role, Tree object) const {
  const auto policy = policies.find(role);
  return decoded<T>(policy == policies.end() ? object : merged(object, policy->second));
}

// Records a write in the history, as operator/execute does.
template <class T>
void World::record(const reconcile::Apply<T>& action, const T* before, const T& after) {
  reconcile::WriteRecord write;
  write.role = action.role;
  write.intent = reconcile::fingerprint_of(action.object);
  write.now = instant;
  write.overridden = reconcile::differing_fields(action.object, after);
  if (before != nullptr) {
    const bool is_heal = action.cause == reconcile::Cause::kHeal;
    write.drifted = reconcile::differing_fields(action.object, *before);
    write.healed = reconcile::healed_fields(write.drifted, is_heal);
  }
  reconcile::record_write(history, write);
}

void World::note(const reconcile::RecordContestedFields& action) {
  reconcile::ContestRecord record{action.role, action.intent, {}, action.retry_after, instant};
  for (const std::string& path : action.fields) record.managers[path] = manager;
  reconcile::record_contest(history, record);
}

template <class T>
void World::remove(const reconcile::Delete& action) {
  Objects<T>& objects = all<T>();
  const auto found = objects.find(action.key);
  if (found == objects.end() || found->second.object.metadata.uid != action.uid) {
    ADD_FAILURE() << line_of(action) << ": another object";
    return;
  }
  api::ObjectMeta& meta = found->second.object.metadata;
  const bool is_orphan = action.is_orphan && registry && reconcile::is_orphan(meta, *registry);
  EXPECT_TRUE(!is_orphan || live) << "an orphan is deleted without a live read";
  if (registry && !is_orphan && !reconcile::belongs_to(meta, *registry)) {
    ADD_FAILURE() << line_of(action) << ": not ours";
  }
  std::erase_if(failures, [&](const auto& failure) { return failure.role == action.role; });
  if (!action.healed.empty()) {
    reconcile::WriteRecord write{action.role, action.intent, action.healed, {}, instant};
    write.is_delete = true;
    reconcile::record_write(history, write);
  }
  if (action.role != ObjectRole::kPvc) {
    objects.erase(found);
    return action.keeps_pods ? void() : finish_deletions();
  }
  EXPECT_TRUE(live) << "a claim is deleted without a live read";
  EXPECT_EQ(action.resource_version, meta.resource_version);
  EXPECT_TRUE(registry && reconcile::is_owned(meta, *registry)) << "a claim of another resource";
  EXPECT_TRUE(registry && registry->spec.persistence.when_deleted == api::RetentionPolicy::kDelete);
  meta.deletion_timestamp = now;  // a finalizer keeps it while a Pod uses it
  finish_deletions();
}

// Returns the object to reset; null if it is gone or the write is refused.
template <class T>
T* World::find_for_reset(Objects<T>& objects, ObjectRole role, const api::ObjectMeta& meta,
                         std::size_t intent) {
  const auto found = objects.find(api::key_of(meta));
  if (found == objects.end() || found->second.object.metadata.uid != meta.uid) {
    ADD_FAILURE() << "reset of another object";
    return nullptr;
  }
  if (refusals.contains(role)) {
    reconcile::record_failed_write(history, role, intent, instant);
    failures.push_back({role, refusals.at(role)});
    return nullptr;
  }
  std::erase_if(failures,
                [&](const reconcile::FailedRequest& failure) { return failure.role == role; });
  T& object = found->second.object;
  ++object.metadata.generation;
  object.metadata.resource_version = next_version();
  return &object;
}

void World::reset_strategy(const reconcile::ResetStrategy& action) {
  auto* object = find_for_reset(all<api::Deployment>(), ObjectRole::kDeployment,
                                action.patch.metadata, action.intent);
  if (object == nullptr) return;
  object->spec.strategy.type = action.patch.spec.strategy.type;
  object->spec.strategy.rolling_update.text.clear();
  *object = admitted<api::Deployment>(ObjectRole::kDeployment, tree_of(*object));
  reconcile::WriteRecord write = reconcile::record_of_strategy(action.intent, *object);
  write.now = instant;
  reconcile::record_write(history, write);
}

void World::reset_ports(const reconcile::ResetPorts& action) {
  auto* object = find_for_reset(all<api::Service>(), ObjectRole::kService, action.patch.metadata,
                                action.intent);
  if (object == nullptr) return;
  object->spec.ports = action.patch.spec.ports;
  object->spec.publish_not_ready_addresses = action.patch.spec.publish_not_ready_addresses;
  *object = admitted<api::Service>(ObjectRole::kService, tree_of(*object));
  reconcile::WriteRecord write = reconcile::record_of_ports(action.intent, action.patch, *object);
  write.now = instant;
  reconcile::record_write(history, write);
}

// A push check ends at once if `pushes` has its answer; otherwise it never ends.
void World::check_push(const reconcile::CheckPush& action) {
  for (const std::string& name : action.images) {
    const auto known =
        std::find_if(push_checks.begin(), push_checks.end(),
                     [&](const reconcile::PushCheck& check) { return check.name == name; });
    if (known != push_checks.end() && known->running) ADD_FAILURE() << name << " is checked twice";
    reconcile::PushCheck& check = known == push_checks.end() ? push_checks.emplace_back() : *known;
    check.name = name;
    check.running = !pushes.contains(name);
    if (check.running) continue;
    check.permission = pushes.at(name);
    check.message = fmt::format("its registry says {}", api::name(check.permission));
    check.next = now + std::chrono::minutes(10);
  }
}

void World::set_finalizer(bool present) {
  api::LocalRegistry changed = *registry;
  auto& finalizers = changed.metadata.finalizers;
  std::erase(finalizers, std::string(reconcile::kFinalizer));
  if (present) finalizers.emplace_back(reconcile::kFinalizer);
  changed.metadata.resource_version = next_version();
  const bool gone = finalizers.empty() && reconcile::is_terminating(changed.metadata);
  registry = gone ? nullptr : std::make_shared<const api::LocalRegistry>(changed);
  if (gone) collect_garbage(changed.metadata.uid);
}

// Carries out an action.
struct World::Execute {
  World& world;

  void operator()(const reconcile::ReadLive&) const {
    EXPECT_FALSE(world.live) << "read twice in one reconcile";
    world.live = true;
  }
  void operator()(const reconcile::ReadPodRefusal&) const {
    EXPECT_FALSE(world.pod_refusal) << "read twice in one reconcile";
    world.pod_refusal =
        reconcile::PodRefusal{world.events_are_readable,
                              std::string(world.pods_are_restricted ? kRestricted : ""), world.now};
  }
  void operator()(const reconcile::SetFinalizer& action) const {
    world.set_finalizer(action.present);
  }
  void operator()(const reconcile::RecordContestedFields& action) const { world.note(action); }
  void operator()(const reconcile::CheckPush& action) const { world.check_push(action); }
  void operator()(const reconcile::ResetStrategy& action) const { world.reset_strategy(action); }
  void operator()(const reconcile::ResetPorts& action) const { world.reset_ports(action); }
  void operator()(const reconcile::Delete& action) const {
    const bool is_child = reconcile::visit_row(
        action.role, [&]<class Row>(Row) { world.remove<reconcile::ObjectOf<Row>>(action); });
    EXPECT_TRUE(is_child) << "the resource is the user's";
  }
  template <class T>
  void operator()(const reconcile::Apply<T>& action) const {
    world.apply(action);
  }
};

void World::execute(const reconcile::Action& action) { std::visit(Execute{*this}, action); }

void World::write(const api::LocalRegistryStatus& status) {
  api::LocalRegistry changed = *registry;
  changed.status = status;
  changed.metadata.resource_version = next_version();
  registry = std::make_shared<const api::LocalRegistry>(std::move(changed));
}

std::vector<std::string> World::reconcile() {
  std::vector<std::string> lines;
  for (int pass = 0; pass < limits::kPassesPerReconcile; ++pass) {
    const reconcile::Plan plan = reconcile::plan(observe());
    for (const ObjectRole role : plan.ended_contests) reconcile::end_contest(history, role);
    for (const reconcile::Action& action : plan.actions) {
      const std::size_t failed = failures.size();
      if (before_action) before_action(*this, action);
      lines.push_back(line_of(action));
      execute(action);
      if (failures.size() > failed) lines.back() += kRefused;
    }
    if (!plan.actions.empty()) continue;
    if (plan.status && registry) {
      write(*plan.status);
      lines.emplace_back("write the status");
    }
    live = false;
    failures.clear();
    pod_refusal.reset();
    requeue_after = plan.requeue_after;
    return lines;
  }
  ADD_FAILURE() << "one reconcile does not come to an end:" << joined(lines);
  return lines;
}

std::vector<std::string> World::run() {
  std::vector<std::string> lines;
  for (int i = 0; i < kMaxReconciles; ++i) {
    bool wrote = false;
    for (const std::string& line : reconcile()) {
      if (line.starts_with("read ")) continue;
      const bool refused = line.ends_with(kRefused);
      wrote = wrote || !refused;
      const bool known = std::find(lines.begin(), lines.end(), line) != lines.end();
      if (!refused || !known) lines.push_back(line);
    }
    if (!wrote) return lines;
  }
  ADD_FAILURE() << "it never becomes quiet:" << joined(lines);
  return lines;
}

template <class T>
void World::run_pods(StoredObject<T>& kept) {
  api::ObjectMeta& meta = kept.object.metadata;
  const api::PodTemplateSpec& pod_template = kept.object.spec.pod_template;
  const bool has_buildkit = pod_template.spec.containers.size() > 1;
  kept.object.status = {};
  kept.object.status.observed_generation = meta.generation;
  if (pods_are_restricted && has_buildkit) {
    if (std::is_same_v<T, api::Deployment>) {
      kept.object.status.conditions = {
          {"ReplicaFailure", "True", "FailedCreate", std::string(kRestricted), 0, {}}};
    }
    return;
  }
  kept.object.status.replicas = kept.object.status.updated_replicas = 1;
  kept.object.status.ready_replicas = kept.object.status.available_replicas = 1;
  api::Pod pod;
  pod.metadata = pod_template.metadata;
  pod.metadata.name = meta.name + "-0";
  pod.metadata.namespace_name = meta.namespace_name;
  pod.metadata.uid = next_uid();
  pod.metadata.creation_timestamp = now;
  pod.metadata.labels["workload"] = meta.name;
  pod.metadata.owner_references = {{"apps/v1", "StatefulSet", meta.name, meta.uid, true, true}};
  if (std::is_same_v<T, api::Deployment>) {
    pod.metadata.owner_references = {
        {"apps/v1", "ReplicaSet", meta.name + "-1", "uid-set", true, true}};
  }
  pod.status.phase = "Running";
  pod.status.conditions = {{"Ready", "True", "", "", 0, {}}};
  for (const api::Container& container : pod_template.spec.containers) {
    pod.status.container_statuses.push_back({container.name, true, 0, {}, {}});
  }
  pods.push_back(std::move(pod));
}

void World::settle() {
  pods.clear();
  for (auto& [key, kept] : all<api::PersistentVolumeClaim>()) {
    kept.object.status.phase = "Bound";
    kept.object.status.capacity = kept.object.spec.resources.requests;
  }
  for (auto& [key, kept] : all<api::Deployment>()) run_pods(kept);
  for (auto& [key, kept] : all<api::StatefulSet>()) run_pods(kept);
}

std::vector<std::string> World::converge() {
  std::vector<std::string> lines;
  for (int i = 0; i < kMaxReconciles; ++i) {
    std::vector<std::string> more = run();
    std::erase_if(more, [](const std::string& line) { return line.ends_with(kRefused); });
    if (i > 1 && more.empty()) return lines;
    lines.insert(lines.end(), more.begin(), more.end());
    settle();
  }
  ADD_FAILURE() << "it never converges";
  return lines;
}

std::vector<std::string> World::list() const {
  std::vector<std::string> lines;
  std::apply([&](const auto&... all) { (add_lines(all, lines), ...); }, children_);
  return lines;
}

std::string World::next_uid() { return fmt::format("uid-{}", ++uids_); }
std::string World::next_version() { return std::to_string(++versions_); }

std::string line_of(const reconcile::Action& action) { return std::visit(LineOf{}, action); }

std::string condition(const api::LocalRegistryStatus& status, std::string_view type) {
  const api::Condition* found = api::find_condition(status.conditions, type);
  return found == nullptr ? "" : found->status + " " + found->reason;
}

}  // namespace test
