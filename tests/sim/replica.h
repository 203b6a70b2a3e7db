// Replica is one replica of the operator: app::Program, as main.cpp runs it, above a simulated
// transport and clock, and without the HTTP endpoints. A World owns it. One thread.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <exception>
#include <optional>
#include <string>

#include "app/program.h"
#include "sim/link.h"
#include "unit/operator/fake_push_checker.h"

namespace sim {

// The namespace in which the operator runs.
inline constexpr const char* kOwnNamespace = "local-registry-operator";

struct ReplicaOptions {
  std::string name;  // of the pod
  bool leader_elect = false;
  double clock_rate = 1;  // speed of the machine's clock; 1 is right
  base::Clock::Duration wall_offset{};
  std::size_t workers = 4;
};

class Replica {
 public:
  // `link` must outlive the replica.
  Replica(LinkHost host, Link& link, ReplicaOptions options, std::uint64_t seed);
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;
  ~Replica();

  // Stops as after SIGTERM: it releases its Lease and ends.
  void stop();

  // Ends as after SIGKILL: nothing that it sends arrives any more.
  void crash();

  bool done() const { return done_; }
  bool leading() const;
  bool synced() const { return program_->caches().synced(); }
  const std::string& name() const { return options_.name; }

  // True if its caches hold objects without the operator's managed-by label.
  bool holds_foreign_objects() const;

  // True if its caches hold annotations that the operator does not use.
  bool holds_foreign_annotations() const;

  // True if its webhook has a certificate.
  bool has_certificate() const { return program_->certificate().current() != nullptr; }

  // Returns why it is not ready; empty if it is.
  std::string waits_for() const { return program_->manager().waits_for().value_or(""); }

  // Returns the error with which it ended by itself, which is a bug; empty if it did not.
  std::string failure() const;

  test::FakePushChecker& registries() { return checker_; }
  MachineClock& clock() { return clock_; }
  Link& link() { return link_; }

 private:
  boost::asio::awaitable<void> live();

  Scheduler::Process& process_;
  Link& link_;
  ReplicaOptions options_;
  MachineClock clock_;
  base::Random random_;
  base::Logger logger_;
  test::FakePushChecker checker_;
  std::optional<app::Program> program_;
  boost::asio::cancellation_signal cancel_;
  bool started_ = false;
  bool stopped_ = false;
  bool done_ = false;
  bool crashed_ = false;
  std::exception_ptr thrown_;
};

}  // namespace sim
