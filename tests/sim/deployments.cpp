// This file simulates the controllers of Deployments and ReplicaSets. Source:
// pkg/controller/deployment and pkg/controller/replicaset of Kubernetes 1.34.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "sim/controllers.h"

namespace sim {
namespace {

constexpr std::string_view kUser = "system:workload-controller";
constexpr std::string_view kHashLabel = "pod-template-hash";
constexpr std::string_view kRevision = "deployment.kubernetes.io/revision";
constexpr std::string_view kDesired = "deployment.kubernetes.io/desired-replicas";
constexpr std::string_view kMax = "deployment.kubernetes.io/max-replicas";
constexpr std::string_view kReplicaFailure = "ReplicaFailure";
constexpr std::size_t kSuffixLength = 5;

int number(std::string_view text) { return std::atoi(std::string(text).c_str()); }

const Workload& workload(const ObjectPtr& object) { return read<Workload>(object); }

int size_of(const ObjectPtr& replica_set) { return workload(replica_set).spec.wanted(); }

std::string_view annotation(const ObjectPtr& object, std::string_view name) {
  return api::lookup(workload(object).metadata.annotations, name);
}

// Returns maxSurge or maxUnavailable as a number of pods: it is a number, or a percentage of `of`.
int scaled(const std::optional<api::IntOrString>& value, int of, bool up) {
  if (!value) return 0;
  if (value->text.empty()) return value->number;
  const double part = number(value->text) * of / 100.0;
  return static_cast<int>(up ? std::ceil(part) : std::floor(part));
}

void set_condition(std::vector<api::Condition>& conditions, api::Condition condition) {
  std::erase_if(conditions, [&](const auto& one) { return one.type == condition.type; });
  const auto after = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const auto& one) { return one.type > condition.type; });
  conditions.insert(after, std::move(condition));
}

std::string shown(const std::vector<api::Condition>& conditions) {
  std::string text;
  for (const api::Condition& one : conditions) {
    text += fmt::format(R"({}{{"type":"{}","status":"{}","reason":"{}","message":"{}"}})",
                        text.empty() ? "" : ",", one.type, one.status, one.reason, one.message);
  }
  return text;
}

bool older(const ObjectPtr& a, const ObjectPtr& b) {
  const auto& first = workload(a).metadata;
  const auto& second = workload(b).metadata;
  if (first.creation_timestamp != second.creation_timestamp) {
    return first.creation_timestamp < second.creation_timestamp;
  }
  return first.name < second.name;
}

// True if `a` is deleted before `b` when a ReplicaSet has too many pods.
bool goes_first(const ObjectPtr& a, const ObjectPtr& b) {
  const auto rank = [](const Pod& pod) {
    const int phase = pod.status.phase == "Pending" ? 0 : 2;
    return std::tuple(!pod.spec.node_name.empty(), phase, is_ready(pod));
  };
  const auto restarts = [](const Pod& pod) {
    int max = 0;
    for (const auto& one : pod.status.container_statuses) max = std::max(max, one.restart_count);
    return max;
  };
  const auto& first = read<Pod>(a);
  const auto& second = read<Pod>(b);
  if (rank(first) != rank(second)) return rank(first) < rank(second);
  if (restarts(first) != restarts(second)) return restarts(first) > restarts(second);
  return a->uid < b->uid;
}

}  // namespace

struct Controllers::Rollout {
  ObjectPtr deployment;
  const Workload& wanted;
  ObjectPtr now;                // the ReplicaSet of the present template; null if there is none
  std::vector<ObjectPtr> old;   // the other ReplicaSets, oldest first
  std::vector<ObjectPtr> all;   // all ReplicaSets, oldest first
  std::vector<ObjectPtr> pods;  // pods of all ReplicaSets, including those that are being deleted

  bool rolls() const { return wanted.spec.strategy.type == "RollingUpdate"; }

  // True if the Deployment waits for this pod to end. The real controller finds pods by the
  // Deployment's selector, so it does not wait for a pod that has lost its labels. But a change of
  // a pod does not wake the controller: it still waits until the Deployment or a ReplicaSet
  // changes.
  bool waits_for(const ObjectPtr& pod) const {
    if (has_labels(read<Pod>(pod).metadata, wanted.spec.selector.match_labels)) return true;
    return pod->revision > deployment->revision &&
           std::all_of(all.begin(), all.end(),
                       [&](const ObjectPtr& set) { return pod->revision > set->revision; });
  }

  int max_unavailable() const {
    const int replicas = wanted.spec.wanted();
    if (!rolls() || replicas == 0) return 0;
    const RollingUpdate& rolling = wanted.spec.strategy.rolling_update;
    const int unavailable = scaled(rolling.max_unavailable, replicas, false);
    if (unavailable == 0 && surge() == 0) return 1;
    return std::min(unavailable, replicas);
  }

  int surge() const {
    if (!rolls()) return 0;
    return scaled(wanted.spec.strategy.rolling_update.max_surge, wanted.spec.wanted(), true);
  }

  template <class Count>
  int sum(Count count) const {
    int result = 0;
    for (const ObjectPtr& one : all) result += count(workload(one));
    return result;
  }

  int wanted_pods() const {
    return sum([](const Workload& one) { return one.spec.wanted(); });
  }

  int available() const {
    return sum([](const Workload& one) { return one.status.available_replicas; });
  }

  std::vector<ObjectPtr> active(const std::vector<ObjectPtr>& sets) const {
    std::vector<ObjectPtr> result;
    std::copy_if(sets.begin(), sets.end(), std::back_inserter(result),
                 [](const ObjectPtr& one) { return size_of(one) > 0; });
    return result;
  }

  // Returns the size to which the ReplicaSet of the present template may grow from `has`.
  int new_size(int has) const {
    const int replicas = wanted.spec.wanted();
    if (!rolls()) return replicas;
    const int max = replicas + surge();
    const int pods_wanted = wanted_pods();
    if (pods_wanted >= max) return has;
    return has + std::min(max - pods_wanted, replicas - has);
  }

  bool is_complete(int updated, int replicas, int available_pods) const {
    const int count = wanted.spec.wanted();
    return updated == count && replicas == count && available_pods == count;
  }
};

std::optional<Controllers::Rollout> Controllers::rollout_of(const ObjectPtr& deployment) {
  auto owned = claim(deployment, "replicasets");
  if (!owned) return std::nullopt;
  Rollout rollout{deployment, workload(deployment), nullptr, {}, *std::move(owned), {}};
  std::sort(rollout.all.begin(), rollout.all.end(), older);
  for (const ObjectPtr& set : rollout.all) {
    if (!rollout.now && template_of(set).text == template_of(deployment).text) {
      rollout.now = set;
    } else {
      rollout.old.push_back(set);
    }
    for (const ObjectPtr& pod : server_.owned_by(set->uid)) {
      if (pod->plural == "pods" && rollout.waits_for(pod)) rollout.pods.push_back(pod);
    }
  }
  return rollout;
}

// As the real controller, this writes the status right after the changes to ReplicaSets, because
// the condition Progressing depends on the status that preceded them.
void Controllers::run_deployment(const ObjectPtr& object) {
  std::optional<Rollout> rollout = rollout_of(object);
  if (!rollout) return;
  const auto others = static_cast<std::ptrdiff_t>(due_.size());
  const bool with_progress =
      !rollout->wanted.metadata.deletion_timestamp && plan_roll_out(*rollout);
  std::vector<std::function<void()>> actions(due_.begin() + others, due_.end());
  due_.erase(due_.begin() + others, due_.end());
  if (actions.empty() && deployment_status(*rollout, with_progress).empty()) return;
  due([this, object, with_progress, actions = std::move(actions)] {
    for (const auto& action : actions) action();
    const ObjectPtr now = server_.find("deployments", object->key);
    if (!now || now->uid != object->uid) return;
    const std::optional<Rollout> after = rollout_of(now);
    if (!after) return;
    const std::string status = deployment_status(*after, with_progress);
    if (!status.empty()) patch(now, "status", status, kUser);
  });
}

// Plans what is due for the ReplicaSets. Returns false if the Deployment is only being scaled.
bool Controllers::plan_roll_out(Rollout& rollout) {
  if (rollout.now) {
    int newest = 0;
    for (const ObjectPtr& set : rollout.old) {
      newest = std::max(newest, number(annotation(set, kRevision)));
    }
    if (number(annotation(rollout.now, kRevision)) < newest + 1) {
      due([this, set = rollout.now, newest] {
        patch(
            set, "",
            fmt::format(R"({{"metadata":{{"annotations":{{"{}":"{}"}}}}}})", kRevision, newest + 1),
            kUser);
      });
    }
  }
  const auto active = rollout.active(rollout.all);
  const bool is_scaled = std::any_of(active.begin(), active.end(), [&](const ObjectPtr& set) {
    const std::string_view desired = annotation(set, kDesired);
    return !desired.empty() && number(desired) != rollout.wanted.spec.wanted();
  });
  if (is_scaled) {
    scale(rollout);
    return false;
  }
  const bool rolls_on = rollout.rolls() ? roll_out_rolling(rollout) : roll_out_recreate(rollout);
  if (!rolls_on) clean_up(rollout);
  return true;
}

// Scales the ReplicaSets after the number of replicas has changed.
void Controllers::scale(const Rollout& rollout) {
  const int replicas = rollout.wanted.spec.wanted();
  std::vector<ObjectPtr> active = rollout.active(rollout.all);
  if (active.size() <= 1) {
    const ObjectPtr set = !active.empty()       ? active.front()
                          : rollout.now         ? rollout.now
                          : rollout.old.empty() ? nullptr
                                                : rollout.old.back();
    if (set) scale_replica_set(rollout, set, replicas);
    return;
  }
  if (rollout.now && size_of(rollout.now) == replicas &&
      number(annotation(rollout.now, kDesired)) == replicas &&
      workload(rollout.now).status.available_replicas == replicas) {
    for (const ObjectPtr& set : rollout.active(rollout.old)) scale_replica_set(rollout, set, 0);
    return;
  }
  if (!rollout.rolls()) return;
  const int allowed = replicas > 0 ? replicas + rollout.surge() : 0;
  const int to_add = allowed - rollout.wanted_pods();
  std::sort(active.begin(), active.end(), [&](const ObjectPtr& a, const ObjectPtr& b) {
    if (size_of(a) != size_of(b)) return size_of(a) > size_of(b);
    return to_add > 0 ? older(b, a) : older(a, b);
  });
  std::vector<int> sizes;
  int added = 0;
  for (const ObjectPtr& set : active) {
    int proportion = 0;
    if (to_add != 0 && to_add != added) {
      const int before = number(annotation(set, kMax));
      const int has = size_of(set);
      const int max = replicas + rollout.surge();
      const int part = replicas == 0 ? -has
                       : before == 0
                           ? 0
                           : static_cast<int>(std::lround(double(has) * max / before)) - has;
      proportion = to_add > 0 ? std::min(part, to_add - added) : std::max(part, to_add - added);
    }
    sizes.push_back(size_of(set) + proportion);
    added += proportion;
  }
  if (to_add != 0) sizes.front() = std::max(0, sizes.front() + to_add - added);
  for (std::size_t i = 0; i < active.size(); ++i) scale_replica_set(rollout, active[i], sizes[i]);
}

bool Controllers::scale_replica_set(const Rollout& rollout, const ObjectPtr& replica_set,
                                    int replicas) {
  const int desired = rollout.wanted.spec.wanted();
  const int max = desired + rollout.surge();
  const bool same_size = size_of(replica_set) == replicas;
  if (same_size && number(annotation(replica_set, kDesired)) == desired &&
      number(annotation(replica_set, kMax)) == max) {
    return false;
  }
  due([this, replica_set, replicas, desired, max] {
    patch(
        replica_set, "",
        fmt::format(
            R"({{"metadata":{{"annotations":{{"{}":"{}","{}":"{}"}}}},"spec":{{"replicas":{}}}}})",
            kDesired, desired, kMax, max, replicas),
        kUser);
  });
  return true;
}

// Leaves a ReplicaSet of the right size unchanged, annotations included.
bool Controllers::roll_out_recreate(Rollout& rollout) {
  bool scaled_down = false;
  for (const ObjectPtr& set : rollout.active(rollout.old)) {
    scale_replica_set(rollout, set, 0);
    scaled_down = true;
  }
  if (scaled_down) return true;
  for (const ObjectPtr& set : rollout.old) {
    if (workload(set).status.replicas > 0) return true;
  }
  for (const ObjectPtr& object : rollout.pods) {
    const auto& pod = read<Pod>(object);
    const api::OwnerReference* owner = controller_of(pod.metadata);
    const bool is_old = owner != nullptr && (!rollout.now || owner->uid != rollout.now->uid);
    if (is_old && !is_finished(pod)) return true;
  }
  if (!rollout.now) {
    create_replica_set(rollout);
    return true;
  }
  const int replicas = rollout.wanted.spec.wanted();
  return size_of(rollout.now) != replicas && scale_replica_set(rollout, rollout.now, replicas);
}

bool Controllers::roll_out_rolling(Rollout& rollout) {
  if (!rollout.now) {
    create_replica_set(rollout);
    return true;
  }
  const int replicas = rollout.wanted.spec.wanted();
  const int has = size_of(rollout.now);
  const int size = has > replicas ? replicas : has < replicas ? rollout.new_size(has) : has;
  if (size != has) return scale_replica_set(rollout, rollout.now, size);
  return scale_down_old(rollout);
}

bool Controllers::scale_down_old(const Rollout& rollout) {
  const std::vector<ObjectPtr> active = rollout.active(rollout.old);
  if (active.empty()) return false;
  const int min = rollout.wanted.spec.wanted() - rollout.max_unavailable();
  const int new_unavailable =
      size_of(rollout.now) - workload(rollout.now).status.available_replicas;
  int max = rollout.wanted_pods() - min - new_unavailable;
  if (max <= 0) return false;
  // ReplicaSets with unavailable pods are scaled down first, then the others by the number of pods
  // that may be missing.
  for (const ObjectPtr& set : active) {
    const int unhealthy = size_of(set) - workload(set).status.available_replicas;
    if (unhealthy <= 0) continue;
    scale_replica_set(rollout, set, size_of(set) - std::min(max, unhealthy));
    return true;
  }
  int spare = rollout.available() - min;
  bool scaled_down = false;
  for (const ObjectPtr& set : active) {
    if (spare <= 0) break;
    const int fewer = std::min(size_of(set), spare);
    scale_replica_set(rollout, set, size_of(set) - fewer);
    spare -= fewer;
    scaled_down = true;
  }
  return scaled_down;
}

void Controllers::create_replica_set(const Rollout& rollout) {
  const ObjectPtr deployment = rollout.deployment;
  if (is_ending(deployment->key.namespace_name)) return;
  const std::string name = fmt::format("{}-{}", deployment->key.name, template_of(deployment).hash);
  if (server_.find("replicasets", {deployment->key.namespace_name, name})) return;
  int newest = 0;
  for (const ObjectPtr& set : rollout.old) {
    newest = std::max(newest, number(annotation(set, kRevision)));
  }
  const int replicas = rollout.wanted.spec.wanted();
  const int size = rollout.new_size(0);
  const int max = replicas + rollout.surge();
  due([this, deployment, name, newest, replicas, size, max] {
    const PodTemplate& pods = template_of(deployment);
    Document set;
    set.Parse(R"({"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{},"spec":{}})");
    Allocator& allocator = set.GetAllocator();
    Document pod_template;
    pod_template.Parse(pods.text.c_str());
    Value& labels = need_object(need_object(pod_template, "metadata", pod_template.GetAllocator()),
                                "labels", pod_template.GetAllocator());
    set_text(labels, kHashLabel, pods.hash, pod_template.GetAllocator());
    api::StringMap selector = read<Workload>(deployment).spec.selector.match_labels;
    selector[std::string(kHashLabel)] = pods.hash;
    api::ObjectMeta meta;
    meta.name = name;
    meta.owner_references = {
        {"apps/v1", "Deployment", deployment->key.name, deployment->uid, true, true}};
    meta.labels = pods.labels;
    meta.labels[std::string(kHashLabel)] = pods.hash;
    meta.annotations = {{std::string(kRevision), std::to_string(newest + 1)},
                        {std::string(kDesired), std::to_string(replicas)},
                        {std::string(kMax), std::to_string(max)}};
    Document parts;
    parts.Parse(fmt::format(R"({{"metadata":{},"selector":{{"matchLabels":{}}}}})",
                            json::encode(meta), json::encode(selector))
                    .c_str());
    sim::set(set, "metadata", make_copy(parts["metadata"], allocator), allocator);
    Value& spec = set["spec"];
    sim::set(spec, "replicas", Value(size), allocator);
    sim::set(spec, "selector", make_copy(parts["selector"], allocator), allocator);
    sim::set(spec, "template", make_copy(pod_template, allocator), allocator);
    kube::Request request;
    request.method = kube::Method::kPost;
    request.target = path_of("replicasets", {deployment->key.namespace_name, ""});
    request.content_type = "application/json";
    request.body = write(set);
    if (server_.handle(request, kUser).status != 201) return;
    std::vector<api::Condition> conditions = read<Workload>(deployment).status.conditions;
    set_condition(conditions, {"Progressing", "True", "NewReplicaSetCreated", "", 0, {}});
    patch(deployment, "status",
          fmt::format(R"({{"metadata":{{"annotations":{{"{}":"{}"}}}},)"
                      R"("status":{{"conditions":[{}]}}}})",
                      kRevision, newest + 1, shown(conditions)),
          kUser);
  });
}

// Deletes old ReplicaSets beyond revisionHistoryLimit once the new one is complete.
void Controllers::clean_up(const Rollout& rollout) {
  const WorkloadState& status = rollout.wanted.status;
  if (!rollout.wanted.spec.revision_history_limit ||
      !rollout.is_complete(status.updated_replicas, status.replicas, status.available_replicas) ||
      status.observed_generation < rollout.wanted.metadata.generation) {
    return;
  }
  std::vector<ObjectPtr> sets = rollout.old;
  std::erase_if(sets, [](const ObjectPtr& set) {
    return workload(set).metadata.deletion_timestamp.has_value();
  });
  const int more = static_cast<int>(sets.size()) - *rollout.wanted.spec.revision_history_limit;
  std::stable_sort(sets.begin(), sets.end(), [](const ObjectPtr& a, const ObjectPtr& b) {
    return number(annotation(a, kRevision)) < number(annotation(b, kRevision));
  });
  for (int i = 0; i < more; ++i) {
    const ObjectPtr set = sets[static_cast<std::size_t>(i)];
    const Workload& is = workload(set);
    if (is.status.replicas != 0 || is.spec.wanted() != 0 ||
        is.metadata.generation > is.status.observed_generation) {
      continue;
    }
    due([this, set] { remove(set, kUser); });
  }
}

std::string Controllers::deployment_status(const Rollout& rollout, bool with_progress) const {
  const Workload& wanted = rollout.wanted;
  const WorkloadState& is = wanted.status;
  const int replicas = rollout.sum([](const Workload& one) { return one.status.replicas; });
  const int ready = rollout.sum([](const Workload& one) { return one.status.ready_replicas; });
  const int available = rollout.available();
  const int unavailable = std::max(0, rollout.wanted_pods() - available);
  const int updated = rollout.now ? workload(rollout.now).status.replicas : 0;
  std::vector<api::Condition> conditions = is.conditions;
  const auto set = [&](std::string type, std::string status, std::string reason) {
    const api::Condition* before = api::find_condition(conditions, type);
    if (before != nullptr && before->status == status && before->reason == reason) return;
    set_condition(conditions, {std::move(type), std::move(status), std::move(reason), "", 0, {}});
  };
  const std::string_view revision =
      rollout.now ? annotation(rollout.now, kRevision) : annotation(rollout.deployment, kRevision);
  if (rollout.now && api::find_condition(conditions, "Progressing") == nullptr) {
    set("Progressing", "True", "FoundNewReplicaSet");
  }
  const bool enough = available >= wanted.spec.wanted() - rollout.max_unavailable();
  set("Available", enough ? "True" : "False",
      enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable");
  std::erase_if(conditions, [](const auto& one) { return one.type == kReplicaFailure; });
  if (rollout.now) {
    const auto& of_set = workload(rollout.now).status.conditions;
    const api::Condition* failure = api::find_condition(of_set, kReplicaFailure);
    if (failure != nullptr) set_condition(conditions, *failure);
  }
  const api::Condition* progress = api::find_condition(is.conditions, "Progressing");
  const bool was_complete =
      replicas == updated && progress != nullptr && progress->reason == "NewReplicaSetAvailable";
  if (with_progress && !was_complete) {
    if (rollout.is_complete(updated, replicas, available)) {
      set("Progressing", "True", "NewReplicaSetAvailable");
    } else if (updated > is.updated_replicas ||
               replicas - updated < is.replicas - is.updated_replicas ||
               ready > is.ready_replicas || available > is.available_replicas) {
      set("Progressing", "True", "ReplicaSetUpdated");
    }
  }
  if (is.observed_generation == wanted.metadata.generation && is.replicas == replicas &&
      is.updated_replicas == updated && is.ready_replicas == ready &&
      is.available_replicas == available && is.unavailable_replicas == unavailable &&
      is.conditions == conditions && annotation(rollout.deployment, kRevision) == revision) {
    return {};
  }
  return fmt::format(
      R"({{"metadata":{{"annotations":{{"{}":{}}}}},"status":{{"observedGeneration":{},)"
      R"("replicas":{},"updatedReplicas":{},"readyReplicas":{},"availableReplicas":{},)"
      R"("unavailableReplicas":{},"conditions":[{}]}}}})",
      kRevision, revision.empty() ? "null" : fmt::format("\"{}\"", revision),
      wanted.metadata.generation, replicas, updated, ready, available, unavailable,
      shown(conditions));
}

// Records that pods of this template are refused. They are not tried again, because the refusals of
// the scenarios last.
void Controllers::record_refusal(const ObjectPtr& replica_set, const kube::Response& refusal) {
  const api::Condition failure = {std::string(kReplicaFailure), "True", "FailedCreate",
                                  message_of(refusal),          0,      {}};
  patch(replica_set, "status",
        fmt::format(R"({{"status":{{"conditions":[{}]}}}})", shown({failure})), kUser);
}

void Controllers::run_replica_set(const ObjectPtr& object) {
  const Workload& wanted = workload(object);
  auto claimed = claim(object, "pods");
  if (!claimed) return;
  std::vector<ObjectPtr> pods = *std::move(claimed);
  const int replicas = static_cast<int>(pods.size());
  const auto ready = static_cast<int>(std::count_if(
      pods.begin(), pods.end(), [](const ObjectPtr& pod) { return is_ready(read<Pod>(pod)); }));
  if (!wanted.metadata.deletion_timestamp) {
    const bool may_create =
        !is_ending(object->key.namespace_name) &&
        api::find_condition(wanted.status.conditions, kReplicaFailure) == nullptr;
    if (replicas < wanted.spec.wanted() && may_create) {
      due([this, object, missing = wanted.spec.wanted() - replicas] {
        const std::string hash(api::lookup(read<Workload>(object).metadata.labels, kHashLabel));
        for (int pod = 0; pod < missing; ++pod) {
          std::string name = object->key.name + "-";
          for (std::size_t i = 0; i < kSuffixLength; ++i) name += char('a' + chance_.below(26));
          const auto created = create_pod(object, name, {{std::string(kHashLabel), hash}});
          if (created.status == 403) return record_refusal(object, created);
        }
      });
    } else if (replicas > wanted.spec.wanted()) {
      std::sort(pods.begin(), pods.end(), goes_first);
      pods.resize(static_cast<std::size_t>(replicas - wanted.spec.wanted()));
      due([this, pods] {
        for (const ObjectPtr& pod : pods) remove(pod, kUser);
      });
    }
  }
  const WorkloadState& is = wanted.status;
  if (is.observed_generation == wanted.metadata.generation && is.replicas == replicas &&
      is.fully_labeled_replicas == replicas && is.ready_replicas == ready &&
      is.available_replicas == ready) {
    return;
  }
  std::string body =
      fmt::format(R"({{"status":{{"observedGeneration":{},"replicas":{},"fullyLabeledReplicas":{},)"
                  R"("readyReplicas":{},"availableReplicas":{}}}}})",
                  wanted.metadata.generation, replicas, replicas, ready, ready);
  due([this, object, body = std::move(body)] { patch(object, "status", body, kUser); });
}

}  // namespace sim
