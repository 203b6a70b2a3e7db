// What else runs in a cluster, as far as an operator can tell: the controllers of Deployments,
// StatefulSets, claims and namespaces, the garbage collector and a kubelet. Each step does one
// thing that is due, through the API, or nothing. Level-based, as the real ones are.
#pragma once

#include <string>
#include <vector>

#include "api/apps.h"
#include "sim/api_server.h"
#include "sim/scheduler.h"

namespace sim {

class Controllers {
 public:
  Controllers(ApiServer& server, Chance& chance) : server_(server), chance_(chance) {}

  // Does one of the things that are due, drawn from the seed. False: there is nothing to do.
  bool step();

  bool pods_become_ready = true;  // false: their image cannot be pulled, say
  bool claims_are_bound = true;
  bool collects_garbage = true;

 private:
  void run_deployments();
  void run_stateful_sets();
  void run_pods();
  void run_claims();
  void collect_garbage();
  void end_namespaces();

  template <class T>
  void run_workload(const ObjectPtr& object, bool old_pods_first, const std::string& pod_name);
  template <class T>
  void write_status(const ObjectPtr& object, const T& workload, int pods, int current, int ready);
  void remove(const ObjectPtr& object, std::string_view who, bool at_once = false);
  void patch(const ObjectPtr& object, std::string_view subresource, std::string body,
             std::string_view who);
  void due(std::function<void()> work) { due_.push_back(std::move(work)); }

  ApiServer& server_;
  Chance& chance_;
  std::vector<std::function<void()>> due_;
};

// "/apis/apps/v1/namespaces/team-a/deployments", with the name when there is one.
std::string path_of(std::string_view plural, const api::ObjectKey& key);

}  // namespace sim
