// Leader election on a Lease: of all processes that use the same Lease, at most one leads.
//
// Guarantees
//  * The work that is passed to run() executes only while the Lease is held: from its acquisition
//    until renew_deadline after the last successful renewal. When the Lease is lost, the work is
//    cancelled and awaited before the election continues.
//  * The local monotonic clock decides whether the Lease has expired, counted from the last change
//    of the Lease that this process saw. Wall clock times are written and never compared.
//  * On cancellation the work ends first, then the Lease is released, then run() ends.
// Assumptions: the clocks of all participants run at about the same rate (10 s on the leader take
//   less than 15 s on another replica), and all participants follow these rules.
// Caveats: the election does not fence. A write that was sent before the Lease was lost may take
//   effect later, so destructive writes carry preconditions.
//
// A LeaderElection has one owner, which runs it as one coroutine. It is used on the thread of the
// io_context only.
// Source: client-go tools/leaderelection; https://kubernetes.io/docs/concepts/architecture/leases/
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>

#include "api/coordination.h"
#include "async/signal.h"
#include "base/limits.h"
#include "kube/environment.h"
#include "kube/watch/informer.h"

namespace kube {

struct LeaderElectionOptions {
  api::ObjectKey lease;
  std::string identity;  // unique to this process, also among the processes of one pod
  std::chrono::milliseconds duration = limits::kLeaseDuration;  // whole seconds
  std::chrono::milliseconds renew_deadline = limits::kLeaseRenewDeadline;
  std::chrono::milliseconds retry = limits::kLeaseRetry;
};

// A LeaseView is the Lease as the cache shows it.
struct LeaseView {
  std::optional<api::Lease> lease;    // nothing: the Lease does not exist
  base::Clock::Instant changed = {};  // local time at which a change of its spec was last seen
};

enum class LeaseAction {
  kCreate,  // the Lease does not exist
  kTake,    // the Lease was released or has expired
  kRenew,   // this process holds the Lease
  kWait,    // another process holds the Lease, until LeaseDecision::until
};

struct LeaseDecision {
  LeaseAction action;
  api::LeaseSpec spec = {};         // the spec to write; empty for kWait
  base::Clock::Instant until = {};  // for kWait: when the Lease expires unless it is renewed
};

// Decides what to do about the Lease. Pure.
LeaseDecision decide(const LeaseView& view, const LeaderElectionOptions& options,
                     base::Clock::Instant now, base::Time wall);

// Returns the spec that releases a Lease which this process holds.
api::LeaseSpec released(const api::LeaseSpec& spec, base::Time wall);

class LeaderElection {
 public:
  using Work = std::function<boost::asio::awaitable<void>()>;

  // `on_change` is called after each change of leading(). `observer` observes the watch of the
  // Lease and may be null.
  LeaderElection(const Environment& environment, LeaderElectionOptions options,
                 std::function<void(bool leading)> on_change = {},
                 WatchObserver* observer = nullptr);

  // Waits for the Lease, runs lead() while this process holds it, and starts over whenever the
  // Lease is lost. Returns when lead() returns and throws what lead() throws, in both cases after
  // it has released the Lease. Throws boost::system::system_error (operation_aborted) when it is
  // cancelled.
  boost::asio::awaitable<void> run(Work lead);

  bool leading() const { return leading_; }

  // Returns the identity of the holder of the cached Lease; empty: there is no holder.
  std::string holder() const;

  // Returns why the Lease cannot be read or written ("Forbidden: …"); empty without a problem.
  const std::string& waiting_for() const { return waiting_for_; }

 private:
  enum class Outcome { kLost, kEnded };

  boost::asio::awaitable<void> elect(Work lead);
  boost::asio::awaitable<void> acquire();
  boost::asio::awaitable<bool> try_acquire();
  boost::asio::awaitable<Outcome> hold(Work lead);
  boost::asio::awaitable<void> keep_renewing();
  boost::asio::awaitable<void> until_deadline();
  boost::asio::awaitable<void> pause_before_renewal(base::Clock::Instant next);
  boost::asio::awaitable<void> release();
  boost::asio::awaitable<base::Result<void>> write(LeaseAction action, api::LeaseSpec spec,
                                                   std::chrono::milliseconds timeout);
  boost::asio::awaitable<base::Result<void>> refresh(std::chrono::milliseconds timeout);
  LeaseView view() const;
  bool holds_lease() const;
  void lease_changed(const api::Lease* before, const api::Lease* after);
  void set_leading(bool leading);
  void set_waiting_for(std::string text);

  Environment environment_;
  LeaderElectionOptions options_;
  std::function<void(bool)> on_change_;
  Informer<api::Lease> informer_;  // its store includes the writes of this process
  async::Signal changed_;          // notified when the holder changes
  bool known_ = false;             // false: try_acquire() begins with a live read
  base::Clock::Instant lease_changed_ = {};
  base::Clock::Instant renewed_ = {};  // when the last successful renewal was sent
  bool leading_ = false;
  std::string waiting_for_;
};

}  // namespace kube
