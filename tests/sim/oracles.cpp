#include "sim/oracles.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/apps.h"
#include "api/webhook_configuration.h"
#include "reconcile/children/children.h"
#include "reconcile/children/names.h"
#include "sim/end_state.h"
#include "sim/read.h"
#include "sim/webhooks.h"
#include "sim/workloads.h"

namespace sim {
namespace {

using api::LocalRegistry;

// A delete may still be on its way when the user changes the spec. Slow messages take two seconds
// each way: the answer to one read, a second read with its answer, and the delete.
constexpr auto kOnItsWay = std::chrono::seconds(8);

// How old the state may be that the operator acts on when a server or a connection lags.
constexpr auto kStalest = std::chrono::seconds(30);

// How long the operator may take to act on a new spec, for example until another replica leads.
constexpr auto kUnnoticed = std::chrono::seconds(60);

bool is_child(std::string_view plural) {
  return plural == "deployments" || plural == "statefulsets" || plural == "services" ||
         plural == "persistentvolumeclaims";
}

int node_port(const api::Service& service) {
  return service.spec.ports.empty() ? 0 : service.spec.ports.front().node_port;
}

// The node port that the status reported last.
int told_node_port(const api::LocalRegistryStatus& status) {
  return status.node_port != 0 ? status.node_port : status.last_node_port;
}

// Returns the namespace and name of the children of a resource with this spec.
api::ObjectKey target_of(const api::LocalRegistrySpec& spec, const api::ObjectKey& resource) {
  return {spec.namespace_name.empty() ? resource.namespace_name : spec.namespace_name, spec.name};
}

// True if two specs may ask for different workloads: with or without persistence, or none.
bool may_ask_for_another_workload(const api::LocalRegistrySpec& before,
                                  const api::LocalRegistrySpec& after) {
  return before.persistence.enabled != after.persistence.enabled ||
         before.enabled != after.enabled || (!after.enabled && before.images != after.images);
}

// True if a user's change may replace pods: it deletes an object, edits a Deployment, changes the
// pod or the workload by the spec, or moves the registry.
bool may_replace_pods(const Change& change, const std::string& plural) {
  if (change.method == kube::Method::kDelete || plural == "deployments") return true;
  if (plural != "localregistries" || !change.before || !change.after) return false;
  const auto& before = read<api::LocalRegistry>(change.before);
  const auto& after = read<api::LocalRegistry>(change.after);
  return target_of(before.spec, change.before->key) != target_of(after.spec, change.after->key) ||
         may_ask_for_another_workload(before.spec, after.spec) ||
         reconcile::new_pod(before, true).inputs != reconcile::new_pod(after, true).inputs;
}

}  // namespace

void Oracles::violated(std::string what) {
  if (std::find(violations_.begin(), violations_.end(), what) == violations_.end()) {
    violations_.push_back(std::move(what));
  }
}

void Oracles::changed(const Change& change) {
  const std::string& plural = change.after ? change.after->plural : change.before->plural;
  const bool by_operator = change.user.starts_with(kOperator);
  remember(change);
  if (change.user == kUser && may_replace_pods(change, plural)) kept_pods_.clear();
  if (plural == "pods" && change.method == kube::Method::kDelete && change.before &&
      kept_pods_.contains(change.before->uid)) {
    violated(fmt::format("pod {} is deleted with its images", change.before->key.name));
  }
  if (by_operator && plural == "events") ++(change.before ? counts_ : events_);
  if (by_operator && plural != "events" && plural != "leases") {
    ++writes_;
    last_write_ = scheduler_.now();
    check_foreign(change);
    check_webhook(change);
    check_owner(change);
    check_heir(change);
    check_claim(change);
    check_port(change);
    check_status(change);
    check_older(change);
  }
  check_volumes(change);
}

bool Oracles::has_living_owner(const ObjectPtr& object) const {
  const auto& meta = read<AnyObject>(object).metadata;
  const ObjectPtr owner = server_.find("localregistries", reconcile::owner_key(meta));
  return owner && owner->uid == reconcile::owner_uid(meta);
}

// Records the facts that later checks need.
void Oracles::remember(const Change& change) {
  const ObjectPtr& object = change.after ? change.after : change.before;
  const bool by_operator = change.user.starts_with(kOperator);
  if (is_child(object->plural) && by_operator) {
    if (!change.before) {
      ours_.insert(object->uid);
      if (has_living_owner(object)) ++creates_;  // otherwise garbage collection deletes it
    }
    if (change.method == kube::Method::kDelete) ++deletes_;
  }
  if (object->plural == "services" && !change.after) {
    told_ports_.erase(object->key);
    // The Service need not stay if another client deletes it, or if the operator deletes it while
    // its resource has no reason to be refused.
    std::erase_if(served_, [&](const auto& served) {
      const api::ObjectKey& resource = resources_[served.first];
      return object->key == target_of(served.second, resource) &&
             (!by_operator || !has_reason_to_refuse(server_, resource));
    });
  }
  if (!change.after) {
    if (object->plural == "localregistries" && !wishes_[object->uid].empty()) {
      Wish last = wishes_[object->uid].back();
      last.since = scheduler_.now();
      last.deleted = true;
      wishes_[object->uid].push_back(std::move(last));
    }
    return;
  }
  if (object->plural == "localregistries") {
    const auto& registry = read<LocalRegistry>(object);
    resources_[object->uid] = object->key;
    if (!change.before) created_.emplace(object->uid, created_.size());
    if (told_node_port(registry.status) == 0 || !change.before) {
      told_since_[object->uid] = scheduler_.now();
    }
    const api::Condition* accepted = api::find_condition(registry.status.conditions, "Accepted");
    if (registry.status.observed_generation == registry.metadata.generation &&
        accepted != nullptr && accepted->status == "True") {
      const bool used = registry.status.delivery == api::Delivery::kLocalRegistry;
      const api::ObjectKey target = {api::target_namespace(registry), registry.spec.name};
      if (used && registry.status.node_port != 0 && server_.find("services", target)) {
        served_[object->uid] = registry.spec;
        told_ports_[target] = registry.status.node_port;
      }
      if (!used) served_.erase(object->uid);
    }
    auto& wishes = wishes_[object->uid];
    const bool deleted = registry.metadata.deletion_timestamp.has_value();
    if (wishes.empty() || wishes.back().spec != registry.spec || wishes.back().deleted != deleted) {
      wishes.push_back({scheduler_.now(), registry.spec, deleted});
    }
  } else if (object->plural == "services") {
    if (const int port = node_port(read<api::Service>(object)); port != 0) {
      ports_[object->key].insert(port);
    }
  } else if (object->plural == "deployments") {
    if (read<api::Deployment>(object).status.available_replicas > 0) available_.insert(object->key);
  } else if (object->plural == "statefulsets") {
    if (read<api::StatefulSet>(object).status.available_replicas > 0) {
      available_.insert(object->key);
    }
  } else if (object->plural == "pods") {
    remember_pod(object);
  }
}

// Counts a workload as available once its pod is ready, because the operator may see the pod before
// the workload's controller does.
void Oracles::remember_pod(const ObjectPtr& object) {
  const auto& pod = read<Pod>(object);
  const auto& containers = pod.status.container_statuses;
  const api::OwnerReference* owner = controller_of(pod.metadata);
  const bool ready = std::any_of(
      containers.begin(), containers.end(),
      [](const api::ContainerStatus& one) { return one.name == "registry" && one.ready; });
  if (owner == nullptr || !ready) return;
  const bool is_set = owner->kind == "StatefulSet";  // otherwise a ReplicaSet: name and hash
  available_.insert({object->key.namespace_name,
                     is_set ? owner->name : owner->name.substr(0, owner->name.rfind('-'))});
}

void Oracles::check_foreign(const Change& change) {
  if (!change.before || !is_child(change.before->plural)) return;
  if (ours_.contains(change.before->uid)) return;
  violated(fmt::format("the operator wrote {} {}, which is not its own", change.before->plural,
                       api::to_string(change.before->key)));
}

// Of the webhook the operator writes one Secret, and the caBundles of an existing configuration.
void Oracles::check_webhook(const Change& change) {
  const Object& object = change.after ? *change.after : *change.before;
  if (object.plural == "secrets" && object.key != api::ObjectKey{kOwnNamespace, kWebhookSecret}) {
    violated(fmt::format("the operator wrote Secret {}", api::to_string(object.key)));
  }
  if (object.plural != "mutatingwebhookconfigurations") return;
  if (!change.before || !change.after) {
    violated("the operator created or deleted a MutatingWebhookConfiguration");
    return;
  }
  const auto but_bundles = [](const ObjectPtr& state) {
    auto configuration = read<api::MutatingWebhookConfiguration>(state);
    for (auto& webhook : configuration.webhooks) webhook.client_config.ca_bundle.clear();
    return configuration;
  };
  const auto before = but_bundles(change.before);
  const auto after = but_bundles(change.after);
  if (before.webhooks != after.webhooks || before.metadata.labels != after.metadata.labels ||
      before.metadata.annotations != after.metadata.annotations) {
    violated("the operator changed more than the caBundle of its MutatingWebhookConfiguration");
  }
}

bool Oracles::may_delete_claim(const std::string& owner_uid, const api::ObjectKey& claim) const {
  const auto wishes = wishes_.find(owner_uid);
  if (wishes == wishes_.end()) return false;
  const auto& list = wishes->second;
  const api::ObjectKey& resource = resources_.at(owner_uid);
  for (std::size_t i = list.size(); i > 0; --i) {
    const Wish& wish = list[i - 1];
    const bool wants =
        wish.spec.persistence.enabled && !wish.deleted && target_of(wish.spec, resource) == claim;
    if (wish.spec.persistence.when_deleted == api::RetentionPolicy::kDelete && !wants) return true;
    if (scheduler_.now() - wish.since > kOnItsWay) return false;  // earlier specs ended before
  }
  return false;
}

// Checks that a child of an existing resource is not given to a resource that is gone: garbage
// collection would delete it.
void Oracles::check_owner(const Change& change) {
  if (!change.before || !change.after || !is_child(change.after->plural)) return;
  if (!has_living_owner(change.before) || has_living_owner(change.after)) return;
  violated(fmt::format("{} {} was taken from the resource it belongs to", change.after->plural,
                       api::to_string(change.after->key)));
}

// Checks that a child, such as a retained PVC, is not taken over from another namespace: a resource
// there must not get its images.
void Oracles::check_heir(const Change& change) {
  if (!change.before || !change.after || !is_child(change.after->plural)) return;
  const auto owner = [](const ObjectPtr& object) {
    return reconcile::owner_key(read<AnyObject>(object).metadata).namespace_name;
  };
  const std::string before = owner(change.before);
  if (before.empty() || before == owner(change.after)) return;
  violated(fmt::format("{} {} of a resource in {} was taken over from another namespace",
                       change.after->plural, api::to_string(change.after->key), before));
}

void Oracles::check_claim(const Change& change) {
  if (change.method != kube::Method::kDelete || !change.before) return;
  if (change.before->plural != "persistentvolumeclaims") return;
  const auto& claim = read<api::PersistentVolumeClaim>(change.before);
  const std::string uid(reconcile::owner_uid(claim.metadata));
  if (may_delete_claim(uid, change.before->key)) return;
  violated(fmt::format("the claim {} was deleted although nobody asked for it",
                       api::to_string(change.before->key)));
}

// True if the spec pins the port or did so within the last `ago`.
bool Oracles::was_pinned(const std::string& owner_uid, int port, base::Clock::Duration ago) const {
  const auto wishes = wishes_.find(owner_uid);
  if (wishes == wishes_.end()) return false;
  const auto& list = wishes->second;
  for (std::size_t i = list.size(); i > 0; --i) {
    if (list[i - 1].spec.node_port == port) return true;
    if (scheduler_.now() - list[i - 1].since > ago) return false;  // earlier specs ended before
  }
  return false;
}

void Oracles::check_port(const Change& change) {
  if (!change.after || change.after->plural != "services") return;
  const auto& service = read<api::Service>(change.after);
  const int port = node_port(service);
  if (port == 0 || service.metadata.deletion_timestamp) return;
  const ObjectPtr owner = server_.find("localregistries", reconcile::owner_key(service.metadata));
  if (!owner || owner->uid != reconcile::owner_uid(service.metadata)) return;
  const auto& registry = read<LocalRegistry>(owner);
  if (registry.spec.enabled == false) return;  // a disabled registry needs no port
  const int told = told_node_port(registry.status);
  if (told == 0 || told == port || was_pinned(owner->uid, port, kStalest)) return;
  if (is_taken(told, change.after->uid)) return;
  const bool news = scheduler_.now() - told_since_[owner->uid] < kStalest;
  if (!change.before && (news || was_pinned(owner->uid, port, base::Clock::Duration::max()))) {
    // No client uses a new Service yet. The operator created it from a stale cache, before it knew
    // of the reported port or of the end of a pin. The reported port must come back later: see
    // check_owed_ports().
    owed_.push_back({change.after->key, owner->uid, told, scheduler_.now()});
    return;
  }
  violated(fmt::format("the node port {} of {} was given up for {} although it was free", told,
                       api::to_string(owner->key), port));
}

bool Oracles::is_taken(int port, const std::string& but_by_uid) const {
  for (const ObjectPtr& other : server_.all("services")) {
    if (other->uid == but_by_uid) continue;
    for (const api::ServicePort& taken : read<api::Service>(other).spec.ports) {
      if (taken.node_port == port) return true;
    }
  }
  return false;
}

void Oracles::check_owed_ports() {
  for (const OwedPort& owed : owed_) {
    const Wish& last = wishes_[owed.owner_uid].back();
    const ObjectPtr service = server_.find("services", owed.service);
    if (last.deleted || last.since > owed.since || !service) continue;
    if (node_port(read<api::Service>(service)) == owed.port) continue;
    if (is_taken(owed.port, service->uid)) continue;
    violated(fmt::format("the node port {} of {} never came back", owed.port,
                         api::to_string(owed.service)));
  }
}

// Checks that a Service that lost its node port gets the last reported one back if that is free,
// whatever the spec was meanwhile. end_state.cpp checks Services for which no status ever reported
// a port.
void Oracles::check_forgotten_ports() {
  for (const ObjectPtr& object : server_.all("localregistries")) {
    const auto& registry = read<LocalRegistry>(object);
    const api::Condition* accepted = api::find_condition(registry.status.conditions, "Accepted");
    const bool used = registry.status.delivery == api::Delivery::kLocalRegistry &&
                      accepted != nullptr && accepted->status == "True" && !registry.spec.suspend &&
                      !registry.metadata.deletion_timestamp;
    const auto told = told_ports_.find(target_of(registry.spec, object->key));
    if (!used || told == told_ports_.end()) continue;
    const ObjectPtr service = server_.find("services", told->first);
    if (!service || reconcile::owner_uid(read<AnyObject>(service).metadata) != object->uid)
      continue;
    if (node_port(read<api::Service>(service)) != 0 || is_taken(told->second, service->uid))
      continue;
    violated(fmt::format("the node port {} of {}, which was told, is forgotten", told->second,
                         api::to_string(object->key)));
  }
}

// Checks that a new pod does not share a PVC with a pod of another workload.
void Oracles::check_volumes(const Change& change) {
  if (!change.after || change.after->plural != "pods") return;
  const auto& pod = read<Pod>(change.after);
  if (pod.metadata.deletion_timestamp || change.before) return;
  const api::OwnerReference* owner = controller_of(pod.metadata);
  for (const api::Volume& volume : pod.spec.volumes) {
    if (!volume.persistent_volume_claim) continue;
    for (const ObjectPtr& other : server_.all("pods")) {
      if (other->uid == change.after->uid ||
          other->key.namespace_name != change.after->key.namespace_name) {
        continue;
      }
      // The pods of one StatefulSet share the PVC when a user scales the set up.
      const api::OwnerReference* theirs = controller_of(read<Pod>(other).metadata);
      if (owner != nullptr && theirs != nullptr && theirs->uid == owner->uid) continue;
      for (const api::Volume& used : read<Pod>(other).spec.volumes) {
        if (used.persistent_volume_claim == volume.persistent_volume_claim) {
          violated(fmt::format("two pods have the claim {}",
                               volume.persistent_volume_claim->claim_name));
        }
      }
    }
  }
}

void Oracles::at_rest() { check_named_ports(); }

void Oracles::at_end() {
  check_left_claims();
  check_owed_ports();
  check_forgotten_ports();
  check_refused();
  at_rest();
}

// Checks that each node port in a status belongs to a Service of the resource. Otherwise pods that
// use the port could run images from another Service that has it now.
void Oracles::check_named_ports() {
  const auto services = server_.all("services");
  for (const ObjectPtr& object : server_.all("localregistries")) {
    const auto& registry = read<LocalRegistry>(object);
    const int port = registry.status.node_port;
    if (port == 0 || registry.metadata.deletion_timestamp) continue;
    const bool is_served = std::any_of(services.begin(), services.end(), [&](const auto& service) {
      const auto& read_service = read<api::Service>(service);
      return node_port(read_service) == port &&
             reconcile::owner_uid(read_service.metadata) == object->uid;
    });
    if (is_served) continue;
    violated(fmt::format("the status of {} names node port {}, which no Service of it has",
                         api::to_string(object->key), port));
  }
}

// Checks that of two resources that want the same name the older one gets it, unless the younger
// one had it before. It considers only older resources that use their own namespace and never
// changed their spec.
void Oracles::check_older(const Change& change) {
  if (change.before || !is_child(change.after->plural)) return;
  const std::string uid = reconcile::owner_uid(read<AnyObject>(change.after).metadata);
  const auto created = created_.find(uid);
  if (created == created_.end() || had_name_.contains({uid, change.after->key})) return;
  had_name_.insert({uid, change.after->key});
  for (const ObjectPtr& other : server_.all("localregistries")) {
    const auto& registry = read<LocalRegistry>(other);
    const std::vector<Wish>& wishes = wishes_[other->uid];
    if (other->uid == uid || created_[other->uid] > created->second || wishes.size() != 1) continue;
    const bool wants = !wishes.back().deleted && registry.spec.enabled.value_or(true) &&
                       registry.spec.images.empty() && registry.spec.namespace_name.empty();
    if (!wants || target_of(registry.spec, other->key) != change.after->key) continue;
    violated(fmt::format("{} {} was created for a younger resource than {}", change.after->plural,
                         api::to_string(change.after->key), api::to_string(other->key)));
  }
}

// True if the resource was deleted so soon after its spec asked for the deletion of the PVC that
// the operator could not add its finalizer in time.
bool Oracles::is_too_short(const std::vector<Wish>& wishes) {
  const auto wanted = std::find_if(wishes.rbegin(), wishes.rend(), [](const Wish& wish) {
                        return wish.spec.persistence.when_deleted != api::RetentionPolicy::kDelete;
                      }).base();
  const auto going =
      std::find_if(wishes.begin(), wishes.end(), [](const Wish& wish) { return wish.deleted; });
  return going == wishes.end() - 1 && going->since - wanted->since < kUnnoticed;
}

// Checks that no PVC is left of a resource that is gone and asked for its deletion.
void Oracles::check_left_claims() {
  for (const ObjectPtr& object : server_.all("persistentvolumeclaims")) {
    const auto& claim = read<api::PersistentVolumeClaim>(object);
    const auto wishes = wishes_.find(std::string(reconcile::owner_uid(claim.metadata)));
    if (!ours_.contains(object->uid) || wishes == wishes_.end()) continue;
    const Wish& last = wishes->second.back();
    if (!last.deleted || last.spec.persistence.when_deleted != api::RetentionPolicy::kDelete) {
      continue;
    }
    // Another resource of this name has inherited the PVC.
    if (server_.find("localregistries", resources_[wishes->first])) continue;
    if (is_too_short(wishes->second)) continue;
    violated(fmt::format("the claim {} was left over", api::to_string(object->key)));
  }
}

// Checks that a refused spec does not take down the registry that ran before.
void Oracles::check_refused() {
  for (const ObjectPtr& object : server_.all("localregistries")) {
    const auto& registry = read<LocalRegistry>(object);
    const api::Condition* accepted = api::find_condition(registry.status.conditions, "Accepted");
    if (accepted == nullptr || accepted->status != "False") continue;
    const auto served = served_.find(object->uid);
    if (served == served_.end() || served->second.enabled == false) continue;
    const api::ObjectKey target = target_of(served->second, object->key);
    const auto& wishes = wishes_[object->uid];
    if (wishes.size() < 2 || wishes[wishes.size() - 2].spec != served->second) continue;
    if (!server_.find("services", target)) {
      violated(
          fmt::format("a refused spec of {} took its registry down", api::to_string(object->key)));
    }
  }
}

void Oracles::check_status(const Change& change) {
  if (!change.after || change.after->plural != "localregistries") return;
  const auto& registry = read<LocalRegistry>(change.after);
  const api::Condition* ready = api::find_condition(registry.status.conditions, "Ready");
  if (ready == nullptr || ready->status != "True" || registry.status.node_port == 0) return;
  // A resource can be Ready without a registry; a Service that is still there is then being
  // removed.
  if (registry.status.delivery != api::Delivery::kLocalRegistry) return;
  const api::ObjectKey target = {api::target_namespace(registry), registry.spec.name};
  if (change.before && read<LocalRegistry>(change.before).status == registry.status) return;
  if (registry.status.observed_generation != registry.metadata.generation) return;
  if (!ports_[target].contains(registry.status.node_port)) {
    violated(fmt::format("the status tells of node port {}, which no Service {} ever had",
                         registry.status.node_port, api::to_string(target)));
  }
  if (!available_.contains(target)) {
    violated(
        fmt::format("the status is Ready, and no workload {} ever was", api::to_string(target)));
  }
}

namespace {

// True for members that differ from run to run, or that only the API server writes.
bool is_incidental(std::string_view name) {
  static const std::set<std::string_view> kNames = {"uid",
                                                    "resourceVersion",
                                                    "creationTimestamp",
                                                    "generation",
                                                    "managedFields",
                                                    "clusterIP",
                                                    "clusterIPs",
                                                    "lastTransitionTime",
                                                    "time",
                                                    "observedGeneration",
                                                    "lastUpdateTime",
                                                    "localregistry.dev/intent-hash",
                                                    "currentRevision",
                                                    "updateRevision",
                                                    "deployment.kubernetes.io/revision",
                                                    "lastNodePort",
                                                    "firstResourceVersion"};
  return kNames.contains(name);
}

void print(json::View value, std::map<std::string, std::string>& names, std::string& out) {
  switch (value.kind()) {
    case json::Kind::kObject: {
      std::map<std::string_view, json::View> members;
      for (std::size_t i = 0; i < value.size(); ++i) {
        const json::Member member = value.member(i);
        if (!is_incidental(member.name)) members.emplace(member.name, member.value);
      }
      out += '{';
      for (const auto& [name, member] : members) {
        out += name;
        out += ':';
        print(member, names, out);
        out += ',';
      }
      out += '}';
      return;
    }
    case json::Kind::kArray:
      out += '[';
      for (std::size_t i = 0; i < value.size(); ++i) {
        print(value.element(i), names, out);
        out += ',';
      }
      out += ']';
      return;
    default: {
      std::string text = json::canonical(value);
      for (const auto& [incidental, name] : names) {
        for (std::size_t at = text.find(incidental); at != std::string::npos;
             at = text.find(incidental, at + name.size())) {
          text.replace(at, incidental.size(), name);
        }
      }
      out += text;
    }
  }
}

}  // namespace

std::string fingerprint(const ApiServer& server) {
  std::map<std::string, std::string> names;  // of uids and ports
  for (const ObjectPtr& object : server.all("localregistries")) {
    names[object->uid] = fmt::format("<uid of {}>", api::to_string(object->key));
  }
  for (const ObjectPtr& object : server.all("services")) {
    const int port = node_port(read<api::Service>(object));
    if (port != 0)
      names[std::to_string(port)] = fmt::format("<port of {}>", api::to_string(object->key));
  }
  std::string text;
  for (const std::string_view plural :
       {"localregistries", "deployments", "statefulsets", "services", "persistentvolumeclaims"}) {
    for (const ObjectPtr& object : server.all(plural)) {
      text += fmt::format("{} {}: ", plural, api::to_string(object->key));
      const auto document = json::Document::parse(object->text);
      print(document->root(), names, text);
      text += '\n';
    }
  }
  return text;
}

}  // namespace sim
