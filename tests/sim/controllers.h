// Controllers simulates the controllers of a cluster, as far as an operator can see their effects:
// those of Deployments, ReplicaSets, StatefulSets, PersistentVolumeClaims and namespaces, the
// garbage collector, and the scheduler and kubelet of one node. Each step does one piece of work
// that is due, by requests to the API server, or nothing. Like the real controllers, they act on
// the present state and not on events. The garbage collector also remembers, as the real one does,
// which dependents a waiting owner had.
//
// Source: pkg/controller of Kubernetes 1.34. tests/sim/controllers_real compares them with a real
// kube-controller-manager; tests/sim/differences.md lists the known differences. One thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/api_server.h"
#include "sim/kubelet.h"
#include "sim/scheduler.h"
#include "sim/workloads.h"

namespace sim {

class Controllers {
 public:
  Controllers(ApiServer& server, Chance& chance) : server_(server), chance_(chance) {}

  // Does one piece of the work that is due, drawn from the seed. Returns false if none is due.
  bool step();

  // True if the scheduler, the kubelet and the volume binder act as well.
  bool has_node = true;

 private:
  struct Rollout;  // one Deployment and its ReplicaSets

  void run_deployment(const ObjectPtr& object);
  void scale(const Rollout& rollout);
  bool roll_out_recreate(Rollout& rollout);
  bool roll_out_rolling(Rollout& rollout);
  bool scale_down_old(const Rollout& rollout);
  void create_replica_set(const Rollout& rollout);
  bool scale_replica_set(const Rollout& rollout, const ObjectPtr& replica_set, int replicas);
  void clean_up(const Rollout& rollout);
  std::optional<Rollout> rollout_of(const ObjectPtr& deployment);
  bool plan_roll_out(Rollout& rollout);
  // Returns the merge patch that brings the status up to date; empty if the status is.
  std::string deployment_status(const Rollout& rollout, bool with_progress) const;

  void run_replica_set(const ObjectPtr& object);
  void run_stateful_set(const ObjectPtr& object);
  enum class Replica { kGoesOn, kWaits, kFails };
  Replica run_replica(const ObjectPtr& set, const ObjectPtr& pod, int ordinal);
  bool run_replicas(const ObjectPtr& set, const std::vector<ObjectPtr>& replicas, bool ordered);
  bool scale_down_set(const std::vector<ObjectPtr>& condemned, const ObjectPtr& first_unavailable,
                      bool ordered);
  void update_set(const ObjectPtr& set, const std::vector<ObjectPtr>& replicas);
  void write_set_status(const ObjectPtr& set, const std::vector<ObjectPtr>& pods);

  void run_pods();
  void run_claims();
  void collect_garbage();
  bool is_dangling(const api::OwnerReference& owner, const std::string& space) const;
  void orphan_dependents(const ObjectPtr& object);
  void delete_dependents_first(const ObjectPtr& object);
  void collect(const ObjectPtr& object);
  void end_namespaces();
  bool delete_content(const std::string& space);

  // Returns the objects of this type that `controller` controls. Returns nullopt if it must first
  // adopt objects that its selector matches, or release objects that it no longer matches; the
  // requests for that are then due. `may_claim` is a further condition for matching; null if there
  // is none.
  std::optional<std::vector<ObjectPtr>> claim(
      const ObjectPtr& controller, std::string_view plural,
      const std::function<bool(const ObjectPtr&)>& may_claim = nullptr);
  bool is_ending(const std::string& space) const;  // the namespace is being deleted or gone
  void record_refusal(const ObjectPtr& replica_set, const kube::Response& refusal);
  void record_event(const ObjectPtr& set, const std::string& pod, const kube::Response& refusal);
  kube::Response create_pod(const ObjectPtr& owner, const std::string& name,
                            const api::StringMap& labels);

  void remove(const ObjectPtr& object, std::string_view user, std::string_view propagation = {});
  void patch(const ObjectPtr& object, std::string_view subresource, std::string body,
             std::string_view user);
  void patch_owners(const ObjectPtr& object, const std::vector<api::OwnerReference>& owners,
                    std::string_view user);
  void patch_finalizers(const ObjectPtr& object, const std::vector<std::string>& finalizers,
                        std::string_view user);
  void due(std::function<void()> work) { due_.push_back(std::move(work)); }

  ApiServer& server_;
  // By the uid of a StatefulSet: the revision for which its pod was refused. It is tried again once
  // the StatefulSet has changed. The real controller tries again after a growing time, too.
  std::map<std::string, Revision> refused_;
  Chance& chance_;
  std::vector<std::function<void()>> due_;
  // Of the garbage collector. By the uid of an owner that waits for the deletion of its dependents:
  // the uids of the dependents when it was last looked at, and whether each blocks it.
  std::map<std::string, std::map<std::string, bool>> waiting_;
  std::set<std::string> to_collect_;  // uids of dependents that such owners asked to look at
};

// Returns the path of a collection or object, such as
// "/apis/apps/v1/namespaces/team-a/deployments"; the name follows if the key has one.
std::string path_of(std::string_view plural, const api::ObjectKey& key);

}  // namespace sim
