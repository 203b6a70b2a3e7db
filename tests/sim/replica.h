// One replica of the operator: the production code above the transport and clock seams, put
// together as main.cpp does it, without the endpoints that it serves.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "kube/leader_election.h"
#include "operator/controller.h"
#include "sim/link.h"
#include "unit/operator/fake_push_checker.h"

namespace sim {

struct ReplicaOptions {
  std::string name;  // of its pod
  bool leader_elect = false;
  double clock_rate = 1;  // of its machine's clock
  base::Clock::Duration wall_offset{};
  std::size_t workers = 4;
};

class Replica {
 public:
  // link outlives the replica.
  Replica(LinkHost host, Link& link, ReplicaOptions options, std::uint64_t seed);
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;
  ~Replica();

  // SIGTERM: it hands its lease over and ends.
  void stop();

  // SIGKILL: nothing of it is heard any more.
  void crash();

  bool done() const { return done_; }
  bool leading() const;
  bool synced() const { return caches_->synced(); }
  const std::string& name() const { return options_.name; }

  // Whether its caches hold what is not the operator's.
  bool holds_foreign_objects() const;

  // Whether its caches hold annotations that the operator does not use.
  bool holds_foreign_annotations() const;

  // It ended with this, which is a bug; empty: it did not.
  std::string failure() const;

  test::FakePushChecker& registries() { return *checker_; }
  MachineClock& clock() { return clock_; }
  Link& link() { return link_; }

 private:
  boost::asio::awaitable<void> live();
  boost::asio::awaitable<void> elect_and_lead();

  LinkHost host_;
  Link& link_;
  ReplicaOptions options_;
  MachineClock clock_;
  base::Random random_;
  base::Logger logger_;
  runtime::Metrics metrics_;
  boost::asio::any_io_executor executor_;
  std::optional<kube::Environment> environment_;
  std::optional<controller::Caches> caches_;
  std::optional<kube::EventRecorder> events_;
  std::optional<test::FakePushChecker> checker_;
  std::optional<controller::Controller> controller_;
  std::optional<kube::LeaderElection> election_;
  boost::asio::cancellation_signal cancel_;
  bool started_ = false;
  bool stopped_ = false;
  bool done_ = false;
  bool crashed_ = false;
  std::exception_ptr thrown_;
};

}  // namespace sim
