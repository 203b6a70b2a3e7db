// Leader election on a Lease: of all who run it with the same lease at most one leads.
//
// Guarantees
//  * The led work runs only between having acquired the lease and the renew deadline after the
//    last renewal that succeeded. When the lease is lost the work is cancelled and awaited before
//    anything else happens.
//  * Expiry is judged by the local monotonic clock since the lease was last seen to change; wall
//    clocks are written, never compared.
//  * On cancellation the work ends first, then the lease is released, then run ends.
// Assumptions: clocks run at about the same rate (10 s of the leader are less than 15 s of
//   another), and whoever takes part uses these rules.
// Caveats: it does not fence. A write that was sent before the lease was lost may arrive later;
//   writes that destroy carry preconditions.
//
// One owner, which runs it as one coroutine. Used on the thread of the io_context only.
// Source: client-go tools/leaderelection; https://kubernetes.io/docs/concepts/architecture/leases/
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>

#include "api/coordination.h"
#include "base/limits.h"
#include "kube/environment.h"
#include "kube/informer.h"

namespace kube {

struct LeaderElectionOptions {
  api::ObjectKey lease;
  std::string identity;  // unlike that of any other process, an earlier one of the pod included
  std::chrono::milliseconds duration = limits::kLeaseDuration;  // whole seconds
  std::chrono::milliseconds renew_deadline = limits::kLeaseRenewDeadline;
  std::chrono::milliseconds retry = limits::kLeaseRetry;
};

// What one knows of the lease.
struct LeaseView {
  std::optional<api::Lease> lease;    // none: there is no such object
  base::Clock::Instant changed = {};  // when it was last seen to change, by the local clock
};

enum class LeaseAction {
  kCreate,  // there is none
  kTake,    // it was released, or it expired
  kRenew,   // it is ours
  kWait,    // it is somebody else's, until then
};

struct LeaseDecision {
  LeaseAction action;
  api::LeaseSpec spec = {};         // to be written; of kWait: nothing
  base::Clock::Instant until = {};  // of kWait: when it expires unless it is renewed
};

// The whole of the decision. Pure.
LeaseDecision decide(const LeaseView& view, const LeaderElectionOptions& options,
                     base::Clock::Instant now, base::Time wall);

// What is written to release a lease that is ours.
api::LeaseSpec released(const api::LeaseSpec& spec, base::Time wall);

class LeaderElection {
 public:
  using Work = std::function<boost::asio::awaitable<void>()>;

  // on_change: told of each change of leading(). observer: of the watch of the lease.
  LeaderElection(const Environment& environment, LeaderElectionOptions options,
                 std::function<void(bool leading)> on_change = {},
                 WatchObserver* observer = nullptr);

  // Waits for the lease, runs lead() while it is held, and again after each loss. Returns when
  // lead() does, and throws what it throws, in both cases with the lease released. Throws
  // boost::system::system_error (operation_aborted) when it is cancelled.
  boost::asio::awaitable<void> run(Work lead);

  bool leading() const { return leading_; }

  // Who holds the lease, as last seen; empty: nobody.
  std::string holder() const;

  // Why there is no leader to be seen: "leases: forbidden"; empty while all is well.
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
  bool is_ours() const;
  void lease_changed(const api::Lease* before, const api::Lease* after);
  void set_leading(bool leading);
  void set_waiting_for(std::string text);

  Environment environment_;
  LeaderElectionOptions options_;
  std::function<void(bool)> on_change_;
  Informer<api::Lease> informer_;  // its store is what is known, our own writes included
  Signal changed_;
  bool known_ = false;  // the lease, or its absence, was seen at least once
  base::Clock::Instant lease_changed_ = {};
  base::Clock::Instant renewed_ = {};  // when the last renewal that succeeded was sent
  bool leading_ = false;
  std::string waiting_for_;
};

}  // namespace kube
