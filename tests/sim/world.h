// The simulated world: a cluster, replicas of the operator in it, and whoever else acts. One seed
// gives one course of events, to the byte.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/api_server.h"
#include "sim/controllers.h"
#include "sim/oracles.h"
#include "sim/replica.h"
#include "sim/scheduler.h"
#include "sim/trace.h"

namespace sim {

using namespace std::chrono_literals;

struct WorldOptions {
  std::uint64_t seed = 1;
  int replicas = 1;
  bool leader_elect = false;
  bool keep_trace = false;
  // Each machine's clock runs too fast or too slow by up to that part, and its wall clock is wrong.
  double clock_skew = 0;
  bool two_may_lead = false;               // clocks are worse than a Lease allows for
  std::string provider_id = "aws:///i-1";  // of the only node
};

// An earlier state.
struct Past {
  base::Clock::Duration ago{};
  bool before_deletion = false;  // instead: of the latest object that is gone, while it was going
  std::string plural;            // of this resource alone; empty: of all

  bool operator==(const Past&) const = default;
  bool is_now() const { return *this == Past(); }
};

class World {
 public:
  explicit World(const WorldOptions& options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  // --- what users and others do; each fails the run when the API server refuses it unexpectedly

  // Server-side apply by a user, as kubectl does it. Gives the answer's HTTP status.
  int apply(std::string_view plural, const api::ObjectKey& key, const std::string& body,
            std::string_view manager = "kubectl");
  // JSON merge patch. Gives the answer's HTTP status.
  int patch(std::string_view plural, const api::ObjectKey& key, const std::string& body,
            std::string_view subresource = {});
  int create(std::string_view plural, const std::string& namespace_name, const std::string& body);
  int remove(std::string_view plural, const api::ObjectKey& key);

  // Apply of LocalRegistry team-a/NAME with that spec, as JSON.
  int apply_registry(const std::string& spec, const std::string& name = "dev",
                     const std::string& namespace_name = "team-a");

  // --- time

  // Lets time pass.
  void run_for(base::Clock::Duration duration);

  // Until the operator has not written for kQuiet, longer than a request may take; the last write
  // comes within that time. False: it still did.
  bool converge(base::Clock::Duration within = 60s);

  // --- faults

  // Asked for each exchange of a replica that is no watch: what becomes of it.
  std::function<Fate(Replica&, const kube::Request&)> fate;

  // The replica dies; another process takes its place after that time.
  void crash(Replica& replica, base::Clock::Duration restart_after = 1s);

  // SIGTERM, and a new process after that time.
  void restart(Replica& replica, base::Clock::Duration after = 1s);

  // What new watches begin with, as of a server that lags.
  Past past;

  // A replica more; WorldOptions::replicas start by themselves.
  void start_replica(const std::string& name);

  // Told of each replica that starts, to set up its link and what registries answer.
  std::function<void(Replica&)> on_start;

  // --- what there is

  // Writes that replicas sent, whatever became of them; the Lease and events aside.
  std::size_t writes_sent() const { return writes_sent_; }

  std::vector<Replica*> replicas();
  Replica* leader();

  Scheduler scheduler;
  Chance chance;
  Trace trace;
  ApiServer server;
  Oracles oracles;
  Controllers controllers;

  // Refuses writes, as a quota or a webhook does; a copy of the answer's text.
  std::function<std::optional<kube::Response>(const Admission&)> refuse;

  // Changes what anyone writes, as a mutating policy does: gives the object's text.
  std::function<std::optional<std::string>(const Admission&)> mutate;

  // Another controller changes the number of replicas back whenever it has that many.
  void fight(bool begins);

  // No policy and no fight any more; after that time the spec has been reached.
  void end_contests();

  // What the kubelet says of the container "buildkitd" of team-a/registry's pod: how often it was
  // restarted, and its state and the one before, as JSON. The registry beside it is ready.
  void set_buildkit_state(int restarts, const std::string& now, const std::string& before);

  // The node port of team-a/dev, and later whether it is the same.
  void note_node_port();
  void expect_noted_node_port();

  // Reports it when no status says that a field is contested.
  void expect_contest_in_status();

  static constexpr auto kQuiet = 45s;

 private:
  void changed(const Change& change);
  void run_controllers();
  std::optional<std::string> mutated(const Admission& admission);
  void check_contested_writes(const Object& object, std::size_t each_start);
  void fight_on();
  void bury();
  Replica* sender(const Link& link);  // null: it is gone
  Revision state_of_long_ago(const std::string& plural) const;
  kube::Response exchange(kube::Method method, std::string target, std::string content_type,
                          std::string body, std::string_view who);

  WorldOptions options_;
  std::list<std::unique_ptr<Link>> links_;  // of the dead too: messages are on their way
  std::list<std::unique_ptr<Replica>> replicas_;
  std::deque<std::pair<base::Clock::Instant, Revision>> history_;
  std::map<std::string, Revision> deletions_;  // the latest of each resource
  std::uint64_t started_ = 0;
  std::size_t writes_sent_ = 0;
  bool controllers_wait_ = false;
  bool fights_ = false;
  bool was_contested_ = false;
  int noted_node_port_ = 0;
  // Writes of the operator to contested objects, and what may cause more of them.
  std::map<std::string, std::deque<base::Clock::Instant>> contested_writes_;
  std::deque<base::Clock::Instant> edits_;  // by users
  std::deque<base::Clock::Instant> starts_;
};

// A Status with that code, as an admission plugin answers.
kube::Response refusal(int code, std::string_view reason, std::string_view message);

}  // namespace sim
