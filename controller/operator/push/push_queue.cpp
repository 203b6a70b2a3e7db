#include "operator/push/push_queue.h"

#include <algorithm>
#include <utility>

namespace controller {

bool PushQueue::add(PushCheckRequest request) {
  const std::string& name = request.resource.namespace_name;
  const auto known = by_name_.find(name);
  if (waiting_ >= bounds_.waiting) return false;
  if (known != by_name_.end() && known->second->waiting >= bounds_.waiting_of_namespace) {
    return false;
  }
  const Turn turn =
      known != by_name_.end() ? known->second : turns_.insert(turns_.end(), Namespace{name, {}, 0});
  if (known == by_name_.end()) by_name_.emplace(name, turn);
  auto host = std::find_if(turn->hosts.begin(), turn->hosts.end(),
                           [&](const Host& one) { return one.name == request.host; });
  if (host == turn->hosts.end()) {
    host = turn->hosts.insert(turn->hosts.end(), Host{request.host, {}});
  }
  host->requests.push_back(std::move(request));
  ++turn->waiting;
  ++waiting_;
  return true;
}

void PushQueue::drop_if_empty(Turn turn, std::list<Host>::iterator host) {
  --turn->waiting;
  --waiting_;
  if (host->requests.empty()) turn->hosts.erase(host);
  if (!turn->hosts.empty()) return;
  by_name_.erase(turn->name);
  turns_.erase(turn);
}

bool PushQueue::remove(const PushCheckRequest& request) {
  const auto known = by_name_.find(request.resource.namespace_name);
  if (known == by_name_.end()) return false;
  const Turn turn = known->second;
  const auto host = std::find_if(turn->hosts.begin(), turn->hosts.end(),
                                 [&](const Host& one) { return one.name == request.host; });
  if (host == turn->hosts.end()) return false;
  const auto found = std::find(host->requests.begin(), host->requests.end(), request);
  if (found == host->requests.end()) return false;
  host->requests.erase(found);
  drop_if_empty(turn, host);
  return true;
}

// The search skips only namespaces and hosts that have reached their limit of running checks. Each
// of them has a running check, so at most bounds_.running namespaces and as many hosts are skipped.
std::optional<PushCheckRequest> PushQueue::next() {
  if (running() >= bounds_.running) return std::nullopt;
  for (Turn turn = turns_.begin(); turn != turns_.end(); ++turn) {
    if (running_of_namespace_.of(turn->name) >= bounds_.running_of_namespace) continue;
    const auto host = std::find_if(turn->hosts.begin(), turn->hosts.end(), [&](const Host& one) {
      return running_of_host_.of(one.name) < bounds_.running_of_host;
    });
    if (host == turn->hosts.end()) continue;
    PushCheckRequest request = std::move(host->requests.front());
    host->requests.pop_front();
    turn->hosts.splice(turn->hosts.end(), turn->hosts, host);
    turns_.splice(turns_.end(), turns_, turn);
    drop_if_empty(turn, host);
    running_of_namespace_.add(request.resource.namespace_name);
    running_of_host_.add(request.host);
    return request;
  }
  return std::nullopt;
}

void PushQueue::done(const PushCheckRequest& request) {
  running_of_namespace_.remove(request.resource.namespace_name);
  running_of_host_.remove(request.host);
}

void PushQueue::clear() { *this = PushQueue(bounds_); }

}  // namespace controller
