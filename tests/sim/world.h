// World is the simulated world: a cluster, replicas of the operator, and the users and controllers
// that act in it. The same seed gives the same events, to the byte. A run owns it; one thread.
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
  // The clock of each machine runs too fast or too slow by up to this fraction, and its wall clock
  // is wrong by up to 10 minutes.
  double clock_skew = 0;
  bool webhook = false;                    // the webhook is configured from the start
  bool two_may_lead = false;               // the clocks are worse than a Lease allows for
  std::string provider_id = "aws:///i-1";  // of the only node
};

// An earlier state, from which new watches begin.
struct Past {
  base::Clock::Duration ago{};
  bool before_deletion = false;  // instead of `ago`: just before the last deletion
  std::string plural;            // affects watches of this resource only; empty: all

  bool operator==(const Past&) const = default;
  bool is_now() const { return *this == Past(); }
};

class World {
 public:
  explicit World(const WorldOptions& options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  // --- what users do: each function returns the HTTP status of the answer

  // Server-side apply by a user, as kubectl does it.
  int apply(std::string_view plural, const api::ObjectKey& key, const std::string& body,
            std::string_view manager = "kubectl");
  // JSON merge patch.
  int patch(std::string_view plural, const api::ObjectKey& key, const std::string& body,
            std::string_view subresource = {}, std::string_view who = kUser);
  int create(std::string_view plural, const std::string& namespace_name, const std::string& body);
  int remove(std::string_view plural, const api::ObjectKey& key);

  // Applies LocalRegistry NAMESPACE/NAME with this spec, which is JSON.
  int apply_registry(const std::string& spec, const std::string& name = "dev",
                     const std::string& namespace_name = "team-a");

  // Creates the MutatingWebhookConfiguration as the chart does, without a caBundle.
  int install_webhook();

  // --- time

  // Lets time pass.
  void run_for(base::Clock::Duration duration);

  // Runs until the operator has not written for kQuiet, which is longer than a request may take.
  // Returns false if it still wrote after `within`.
  bool converge(base::Clock::Duration within = 60s);

  // --- faults

  // Decides the fate of each request of a replica except watches. Without it, all are answered.
  std::function<Fate(Replica&, const kube::Request&)> fate;

  // Crashes the replica; another process starts after `restart_after`.
  void crash(Replica& replica, base::Clock::Duration restart_after = 1s);

  // Sends SIGTERM; another process starts `after` that.
  void restart(Replica& replica, base::Clock::Duration after = 1s);

  // The state from which new watches begin, as with a server that lags.
  Past past;

  // Starts one more replica. The constructor starts WorldOptions::replicas.
  void start_replica(const std::string& name);

  // Called for each replica that starts, to set up its link and the answers of registries.
  std::function<void(Replica&)> on_start;

  // --- what can be observed

  // Writes that replicas sent, whatever became of them, without Leases and Events.
  std::size_t writes_sent() const { return writes_sent_; }

  std::vector<Replica*> replicas();
  Replica* leader();

  Scheduler scheduler;
  Chance chance;
  Trace trace;
  ApiServer server;
  Oracles oracles;
  Controllers controllers;

  // Refuses writes, as a quota or a webhook does. Returns the answer of a refused write; nullopt
  // allows it.
  std::function<std::optional<kube::Response>(const Admission&)> refuse;

  // Changes the writes of all clients, as a mutating policy does. Returns the text of the changed
  // object; nullopt leaves it unchanged.
  std::function<std::optional<std::string>(const Admission&)> mutate;

  // What another controller does each time the operator has changed it back: it scales workload
  // team-a/registry to 0 replicas, or gives the port of Service team-a/registry another number.
  enum class Fight { kNone, kReplicas, kPorts };

  // Starts or stops the other controller.
  void fight(Fight over);

  // Ends all policies and fights. If there were any, it then runs long enough for the operator to
  // heal what they changed.
  void end_contests();

  // Writes to the pods of team-a/registry what the kubelet reports of the container "buildkitd":
  // how often it restarted, and its present and last state as JSON. The container "registry" is
  // ready.
  void set_buildkit_state(int restarts, const std::string& now, const std::string& before);
  // The same for a container that is ready, and with it the pod.
  void set_buildkit_ready(int restarts);

  // note_node_port() remembers the node port of team-a/dev; expect_noted_node_port() reports a
  // violation if it has changed since then.
  void note_node_port();
  void expect_noted_node_port();

  // Reports a violation if the status of team-a/dev reports no contested field or no node port.
  void expect_contest_in_status();

  static constexpr auto kQuiet = 45s;

 private:
  void changed(const Change& change);
  void run_controllers();
  std::optional<std::string> mutated(const Admission& admission);
  void check_contested_writes(const Object& object, std::size_t each_start);
  void fight_on();
  // `condition`: the fields of the condition Ready; `container`: those of the container's status.
  void report_buildkit(const std::string& condition, const std::string& container);
  bool is_fought_over(const Object& object) const;
  void bury();
  Replica* sender(const Link& link);  // null if it has ended
  Revision state_of_long_ago(const std::string& plural) const;
  kube::Response exchange(kube::Method method, std::string target, std::string content_type,
                          std::string body, std::string_view who);

  WorldOptions options_;
  std::list<std::unique_ptr<Link>> links_;  // also of ended replicas: messages may be on their way
  std::list<std::unique_ptr<Replica>> replicas_;
  std::deque<std::pair<base::Clock::Instant, Revision>> history_;
  std::map<std::string, Revision> deletions_;  // revision of the last one of each resource
  std::uint64_t started_ = 0;
  std::size_t writes_sent_ = 0;
  bool controllers_wait_ = false;
  Fight fight_ = Fight::kNone;
  bool was_contested_ = false;
  int noted_node_port_ = 0;
  // The times of the operator's writes to each contested object, and of what may cause such writes:
  // edits and starts. Times older than an hour are dropped.
  std::map<std::string, std::deque<base::Clock::Instant>> contested_writes_;
  std::deque<base::Clock::Instant> edits_;  // by users
  std::deque<base::Clock::Instant> starts_;
};

// Returns a metav1.Status with this code, as an admission plugin answers.
kube::Response refusal(int code, std::string_view reason, std::string_view message);

}  // namespace sim
