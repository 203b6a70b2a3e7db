#include "operator/push/push_queue.h"

#include <algorithm>
#include <utility>

namespace controller {
namespace {

std::size_t count_of(const std::map<std::string, std::size_t>& counts, const std::string& name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

void decrement(std::map<std::string, std::size_t>& counts, const std::string& name) {
  const auto found = counts.find(name);
  if (found != counts.end() && --found->second == 0) counts.erase(found);
}

}  // namespace

bool PushQueue::add(PushQuestion question) {
  const std::string& name = question.resource.namespace_name;
  const auto known = by_name_.find(name);
  if (waiting_ >= bounds_.waiting) return false;
  if (known != by_name_.end() && known->second->waiting >= bounds_.waiting_of_namespace) {
    return false;
  }
  const Turn turn =
      known != by_name_.end() ? known->second : turns_.insert(turns_.end(), Namespace{name, {}, 0});
  if (known == by_name_.end()) by_name_.emplace(name, turn);
  auto host = std::find_if(turn->hosts.begin(), turn->hosts.end(),
                           [&](const Host& one) { return one.name == question.host; });
  if (host == turn->hosts.end()) {
    host = turn->hosts.insert(turn->hosts.end(), Host{question.host, {}});
  }
  host->questions.push_back(std::move(question));
  ++turn->waiting;
  ++waiting_;
  return true;
}

void PushQueue::drop_if_empty(Turn turn, std::list<Host>::iterator host) {
  --turn->waiting;
  --waiting_;
  if (host->questions.empty()) turn->hosts.erase(host);
  if (!turn->hosts.empty()) return;
  by_name_.erase(turn->name);
  turns_.erase(turn);
}

bool PushQueue::remove(const PushQuestion& question) {
  const auto known = by_name_.find(question.resource.namespace_name);
  if (known == by_name_.end()) return false;
  const Turn turn = known->second;
  const auto host = std::find_if(turn->hosts.begin(), turn->hosts.end(),
                                 [&](const Host& one) { return one.name == question.host; });
  if (host == turn->hosts.end()) return false;
  const auto found = std::find(host->questions.begin(), host->questions.end(), question);
  if (found == host->questions.end()) return false;
  host->questions.erase(found);
  drop_if_empty(turn, host);
  return true;
}

// The search skips only namespaces and hosts that have reached their limit of running checks. Each
// of them has a running check, so at most bounds_.running namespaces and as many hosts are skipped.
std::optional<PushQuestion> PushQueue::next() {
  if (running_ >= bounds_.running) return std::nullopt;
  for (Turn turn = turns_.begin(); turn != turns_.end(); ++turn) {
    if (count_of(running_of_namespace_, turn->name) >= bounds_.running_of_namespace) continue;
    const auto host = std::find_if(turn->hosts.begin(), turn->hosts.end(), [&](const Host& one) {
      return count_of(running_of_host_, one.name) < bounds_.running_of_host;
    });
    if (host == turn->hosts.end()) continue;
    PushQuestion question = std::move(host->questions.front());
    host->questions.pop_front();
    turn->hosts.splice(turn->hosts.end(), turn->hosts, host);
    turns_.splice(turns_.end(), turns_, turn);
    drop_if_empty(turn, host);
    ++running_;
    ++running_of_namespace_[question.resource.namespace_name];
    ++running_of_host_[question.host];
    return question;
  }
  return std::nullopt;
}

void PushQueue::done(const PushQuestion& question) {
  --running_;
  decrement(running_of_namespace_, question.resource.namespace_name);
  decrement(running_of_host_, question.host);
}

void PushQueue::clear() { *this = PushQueue(bounds_); }

}  // namespace controller
