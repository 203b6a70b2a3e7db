// Oracles checks what must hold whatever goes wrong. It checks each write that takes effect, and
// the state at rest and at the end.
//
// Its rules are those of the contract: no user's data is deleted, no object of another owner is
// written, a node port that the status reported stays, two workloads never share a volume, and the
// status reports only states that existed. They do not depend on how the operator works. One
// thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/local_registry.h"
#include "sim/api_server.h"
#include "sim/scheduler.h"

namespace sim {

// The user name of all replicas of the operator at the API server begins with this text.
inline constexpr std::string_view kOperator = "operator";

// The user name of the steps of a scenario at the API server.
inline constexpr std::string_view kUser = "user";

class Oracles {
 public:
  Oracles(const ApiServer& server, const Scheduler& scheduler)
      : server_(server), scheduler_(scheduler) {}

  void changed(const Change& change);

  // From now on this pod has images that must not be lost.
  void keep_pod(const std::string& uid) { kept_pods_.insert(uid); }

  // Checks what must hold whenever the operator has nothing to do.
  void at_rest();

  // Checks what can be judged only at the end of a run, and then at_rest().
  void at_end();

  // One sentence for each violated rule; empty if there is none.
  const std::vector<std::string>& violations() const { return violations_; }
  void violated(std::string what);

  // Writes by the operator that took effect, without Leases and Events.
  std::size_t writes() const { return writes_; }
  std::size_t events() const { return events_; }  // Events that the operator created
  std::size_t counts() const { return counts_; }  // updates of Events, which count repetitions
  std::size_t creates() const { return creates_; }
  std::size_t deletes() const { return deletes_; }
  std::optional<base::Clock::Instant> last_write() const { return last_write_; }

 private:
  // A spec that a resource had from `since` until the next entry.
  struct Wish {
    base::Clock::Instant since;
    api::LocalRegistrySpec spec;
    bool deleted = false;
  };

  // A node port that the status reported and that a newly created Service does not have.
  struct OwedPort {
    api::ObjectKey service;
    std::string owner_uid;
    int port;
    base::Clock::Instant since;
  };

  void remember(const Change& change);
  void remember_pod(const ObjectPtr& object);
  bool has_living_owner(const ObjectPtr& object) const;
  void check_foreign(const Change& change);
  void check_webhook(const Change& change);
  void check_owner(const Change& change);
  void check_heir(const Change& change);
  void check_claim(const Change& change);
  void check_port(const Change& change);
  bool was_pinned(const std::string& owner_uid, int port, base::Clock::Duration ago) const;
  bool is_taken(int port, const std::string& but_by_uid) const;
  void check_owed_ports();
  void check_forgotten_ports();
  void check_volumes(const Change& change);
  void check_status(const Change& change);
  void check_left_claims();
  static bool is_too_short(const std::vector<Wish>& wishes);
  void check_refused();
  void check_named_ports();
  void check_older(const Change& change);
  bool may_delete_claim(const std::string& owner_uid, const api::ObjectKey& claim) const;

  const ApiServer& server_;
  const Scheduler& scheduler_;
  std::vector<std::string> violations_;
  std::set<std::string> kept_pods_;  // uids of pods
  std::set<std::string> ours_;       // uids of the objects that the operator created
  std::map<std::string, std::vector<Wish>> wishes_;  // by uid of the resource, oldest first
  std::map<std::string, api::ObjectKey> resources_;  // by uid
  std::map<std::string, std::size_t> created_;       // order of creation, by uid of the resource
  // Uid of each resource with the key of each child that it had.
  std::set<std::pair<std::string, api::ObjectKey>> had_name_;
  std::map<api::ObjectKey, std::set<int>> ports_;  // node ports that a Service of this key ever had
  // By uid of the resource: when its status reported no node port for the last time.
  std::map<std::string, base::Clock::Instant> told_since_;
  // The node port that a status reported last, for each Service that exists.
  std::map<api::ObjectKey, int> told_ports_;
  std::vector<OwedPort> owed_;
  std::set<api::ObjectKey> available_;  // workloads that were available, or whose pod was ready
  // By uid of the resource: the last accepted spec for which the status reported a node port.
  std::map<std::string, api::LocalRegistrySpec> served_;
  std::size_t writes_ = 0;
  std::size_t events_ = 0;
  std::size_t counts_ = 0;
  std::size_t creates_ = 0;
  std::size_t deletes_ = 0;
  std::optional<base::Clock::Instant> last_write_;
};

// Returns all LocalRegistries and their objects as text, without values that differ from run to
// run: uids, versions and times are left out, and node ports get names.
std::string fingerprint(const ApiServer& server);

}  // namespace sim
