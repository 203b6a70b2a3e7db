// What must hold, whatever happens: looked at with each write that takes effect, and at the end.
//
// The rules are those of a registry's life: nobody's data is deleted, nobody else's object is
// written, a port that was told stays, no two workloads share a volume, a status tells of nothing
// that was not so. They know nothing of how the operator works.
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

// The name that replicas of the operator ask the API server by.
inline constexpr std::string_view kOperator = "operator";

// The name by which a scenario's own steps ask it.
inline constexpr std::string_view kUser = "user";

class Oracles {
 public:
  Oracles(const ApiServer& server, const Scheduler& scheduler)
      : server_(server), scheduler_(scheduler) {}

  void changed(const Change& change);

  // From now on the pod has images that nothing may lose.
  void keep_pod(const std::string& uid) { kept_pods_.insert(uid); }

  // What has to hold whenever the operator has nothing to do.
  void at_rest();

  // What only the end can tell.
  void at_end();

  // What was broken, in words; empty: nothing.
  const std::vector<std::string>& violations() const { return violations_; }
  void violated(std::string what);

  // Writes of the operator that took effect, the Lease and events aside.
  std::size_t writes() const { return writes_; }
  std::size_t events() const { return events_; }  // that it made
  std::size_t counts() const { return counts_; }  // how often one happened, told once more
  std::size_t creates() const { return creates_; }
  std::size_t deletes() const { return deletes_; }
  std::optional<base::Clock::Instant> last_write() const { return last_write_; }

 private:
  // A spec that a resource had, until the next one began.
  struct Wish {
    base::Clock::Instant since;
    api::LocalRegistrySpec spec;
    bool deleted = false;
  };

  // A node port that a status told of, and that a Service made since has not.
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
  std::set<std::string> kept_pods_;                  // uids
  std::set<std::string> ours_;                       // uids of what the operator created
  std::map<std::string, std::vector<Wish>> wishes_;  // by uid of the resource
  std::map<std::string, api::ObjectKey> resources_;  // by uid
  std::map<std::string, std::size_t> created_;       // the order of the resources' creation, by uid
  std::set<std::pair<std::string, api::ObjectKey>> had_name_;  // that had an object of that name
  std::map<api::ObjectKey, std::set<int>> ports_;           // that a Service of that name ever had
  std::map<std::string, base::Clock::Instant> told_since_;  // of a node port at all, by uid
  std::map<api::ObjectKey, int> told_ports_;  // the last that a status told, of a Service that is
  std::vector<OwedPort> owed_;
  std::set<api::ObjectKey> available_;  // workloads that were available once, or whose pod was
  std::map<std::string, api::LocalRegistrySpec> served_;  // the last that had a node port, by uid
  std::size_t writes_ = 0;
  std::size_t events_ = 0;
  std::size_t counts_ = 0;
  std::size_t creates_ = 0;
  std::size_t deletes_ = 0;
  std::optional<base::Clock::Instant> last_write_;
};

// All that the operator is to bring about, as text without what differs from run to run (uids,
// versions, times; node ports are told by their order).
std::string fingerprint(const ApiServer& server);

}  // namespace sim
