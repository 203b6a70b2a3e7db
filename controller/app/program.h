// Program is the operator without its surroundings: it creates and connects caches, events,
// controller, leader election and the webhook's certificates, and has a Manager run them.
//
// The surroundings (ProgramDependencies) are the two seams, transport and clock, and parts of the
// machine, such as random numbers and the pod's name. The process (app/process.h) and the
// simulation (tests/sim) both run this class, with different surroundings. One owner, which
// outlives run(). Used on the thread of the executor only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "admission/review.h"
#include "app/manager.h"
#include "app/metrics.h"
#include "app/options.h"
#include "app/watch_reporter.h"
#include "kube/leader_election.h"
#include "operator/controller.h"
#include "operator/push/service_network.h"
#include "operator/webhook/webhook_certificates.h"
#include "registry/push_checker.h"
#include "serve/certificate.h"

namespace app {

// The surroundings of a Program. All objects that it refers to must outlive the Program.
struct ProgramDependencies {
  boost::asio::any_io_executor executor;
  kube::Transport& transport;
  base::Clock& clock;
  base::Random& random;
  base::Logger& logger;
  registry::PushChecker& push_checker;
  std::string pod_name;                 // names the operator in Events and in the Lease
  std::string namespace_name;           // namespace of the pod
  std::string server = {};              // HOST:PORT of the API server, for the metrics
  std::string kubernetes_address = {};  // see controller::ServiceNetwork; may be empty
};

class Program {
 public:
  // `version`: for the metrics.
  Program(const ProgramDependencies& surroundings, const Options& options,
          const std::string& version);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Runs until stop() is called; see Manager::run. Call it once.
  boost::asio::awaitable<void> run() { return manager_.run(); }

  // Begins the stop: the leader's work ends, the Lease is released, then the rest ends and the last
  // events are sent. `drain`: see Manager::stop.
  void stop(base::Clock::Duration drain = {}) { manager_.stop(drain); }

  // Returns how long the event loop may pause before it polls again (runtime/loop.h).
  base::Clock::Duration poll_pause() const { return controller_.poll_pause(); }

  // Returns how the webhook reviews pods. The Program must outlive the policy.
  admission::ReviewPolicy review_policy() const;

  // Returns the metrics in the Prometheus text format.
  std::string serialize_metrics() { return metrics_.serialize(); }

  bool leading() const { return election_ ? election_->leading() : true; }
  Manager& manager() { return manager_; }
  const Manager& manager() const { return manager_; }
  Metrics& metrics() { return metrics_; }
  const controller::Caches& caches() const { return caches_; }

  // Returns the certificate of the webhook's server.
  const serve::ServerCertificate& certificate() const { return certificate_; }

 private:
  void add_election(const Options& options);
  void add_certificates(const Options& options);
  void add_runnables();
  void collect_metrics();

  std::string pod_name_;
  std::string namespace_name_;
  Metrics metrics_;
  Manager manager_;
  kube::Environment environment_;
  WatchReporter reporter_;
  controller::Caches caches_;
  kube::EventRecorder events_;
  controller::ServiceNetwork service_network_;
  controller::Controller controller_;
  Metrics::Collector collector_;
  std::unique_ptr<kube::LeaderElection> election_;  // null: this process always leads
  serve::ServerCertificate certificate_;
  std::unique_ptr<controller::WebhookCertificates> certificates_;  // null without the webhook
};

}  // namespace app
