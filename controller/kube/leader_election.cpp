#include "kube/leader_election.h"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "async/parallel.h"

namespace kube {
namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;
using Instant = base::Clock::Instant;

constexpr double kJitter = 1.2;  // adds up to 1.2 times the duration, as in client-go
constexpr auto kAfterLostRace = milliseconds(50);
constexpr int kReleaseTries = 2;     // with the cached Lease, and with a live read after a conflict
constexpr int kReleasedSeconds = 1;  // duration of a released Lease; the API requires more than 0

InformerOptions only(const api::ObjectKey& lease) {
  InformerOptions options;
  options.scopes = {Scope{lease.namespace_name, lease.name}};
  return options;
}

int whole_seconds(milliseconds duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

milliseconds jittered(milliseconds duration, base::Random& random) {
  const double factor = 1.0 + kJitter * random.fraction();
  return milliseconds(
      static_cast<milliseconds::rep>(static_cast<double>(duration.count()) * factor));
}

// Returns when another process may take the Lease. A Lease without a duration has options.duration.
Instant expiry(const LeaseView& view, const LeaderElectionOptions& options) {
  const int written = view.lease->spec.lease_duration_seconds;
  if (written <= 0) return view.changed + options.duration;
  return view.changed + std::chrono::seconds(written);
}

// Returns whether the cached Lease is stale: the Lease changed or does not exist.
bool is_outdated(const base::Error& error) {
  return error.lost_race() || error.code == base::ErrorCode::kNotFound;
}

}  // namespace

LeaseDecision decide(const LeaseView& view, const LeaderElectionOptions& options, Instant now,
                     base::Time wall) {
  api::LeaseSpec spec;
  spec.holder_identity = options.identity;
  spec.lease_duration_seconds = whole_seconds(options.duration);
  spec.renew_time = api::MicroTime{wall};
  spec.acquire_time = api::MicroTime{wall};
  spec.lease_transitions = 0;
  if (!view.lease) return {LeaseAction::kCreate, std::move(spec), {}};
  const api::LeaseSpec& current = view.lease->spec;
  const std::string holder = current.holder_identity.value_or("");
  spec.lease_transitions = current.lease_transitions.value_or(0);
  if (holder == options.identity) {
    if (current.acquire_time) spec.acquire_time = current.acquire_time;
    return {LeaseAction::kRenew, std::move(spec), {}};
  }
  const Instant until = expiry(view, options);
  if (!holder.empty() && now < until) return {LeaseAction::kWait, {}, until};
  spec.lease_transitions = *spec.lease_transitions + 1;
  return {LeaseAction::kTake, std::move(spec), {}};
}

api::LeaseSpec released(const api::LeaseSpec& spec, base::Time wall) {
  api::LeaseSpec free = spec;
  free.holder_identity = "";
  free.lease_duration_seconds = kReleasedSeconds;
  free.renew_time = api::MicroTime{wall};
  return free;
}

LeaderElection::LeaderElection(const Environment& environment, LeaderElectionOptions options,
                               std::function<void(bool leading)> on_change, WatchObserver* observer)
    : environment_(environment),
      options_(std::move(options)),
      on_change_(std::move(on_change)),
      informer_(environment, only(options_.lease), observer),
      changed_(environment.executor) {
  informer_.store().on_change(
      [this](const api::Lease* before, const api::Lease* after) { lease_changed(before, after); });
}

asio::awaitable<void> LeaderElection::run(Work lead) {
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(elect(std::move(lead)));
  branches.push_back(informer_.run());
  co_await async::run_until_one_ends(std::move(branches));
}

std::string LeaderElection::holder() const {
  const auto lease = informer_.store().get(options_.lease);
  return lease == nullptr ? std::string() : lease->spec.holder_identity.value_or("");
}

asio::awaitable<void> LeaderElection::elect(Work lead) {
  Outcome outcome = Outcome::kLost;
  while (outcome == Outcome::kLost) {
    co_await acquire();
    outcome = co_await hold(lead);
  }
}

asio::awaitable<void> LeaderElection::acquire() {
  bool acquired = false;
  while (!acquired) acquired = co_await try_acquire();
}

// Decides once about the Lease and acts on the decision. Returns whether this process has acquired
// the Lease.
asio::awaitable<bool> LeaderElection::try_acquire() {
  if (!informer_.synced() || !known_) {
    const base::Result<void> seen = co_await refresh(limits::kLeaseRequestTimeout);
    if (!seen) {
      set_waiting_for(base::to_string(seen.error()));
      co_await environment_.clock.sleep_for(jittered(options_.retry, environment_.random));
      co_return false;
    }
  }
  const Instant now = environment_.clock.now();
  LeaseDecision decision = decide(view(), options_, now, environment_.clock.wall());
  if (decision.action == LeaseAction::kWait) {
    set_waiting_for("");
    const Instant look_again = now + jittered(options_.retry, environment_.random);
    co_await changed_.wait_for(environment_.clock, std::min(decision.until, look_again) - now);
    co_return false;
  }
  const base::Result<void> written =
      co_await write(decision.action, std::move(decision.spec), limits::kLeaseRequestTimeout);
  if (written) {
    set_waiting_for("");
    renewed_ = now;
    co_return true;
  }
  known_ = false;  // the write may have taken effect, or the cache is stale: read the Lease live
  const bool lost_race = written.error().lost_race();
  if (!lost_race) set_waiting_for(base::to_string(written.error()));
  const milliseconds pause = lost_race ? kAfterLostRace : options_.retry;
  co_await environment_.clock.sleep_for(jittered(pause, environment_.random));
  co_return false;
}

asio::awaitable<LeaderElection::Outcome> LeaderElection::hold(Work lead) {
  set_leading(true);
  std::exception_ptr thrown;
  Outcome outcome = Outcome::kEnded;
  try {
    std::vector<asio::awaitable<void>> branches;
    branches.push_back(lead());
    branches.push_back(keep_renewing());
    branches.push_back(until_deadline());
    const std::size_t first = co_await async::run_until_one_ends(std::move(branches));
    if (first > 0) outcome = Outcome::kLost;
  } catch (...) {
    thrown = std::current_exception();
  }
  set_leading(false);
  if (outcome == Outcome::kLost) co_return outcome;
  // The work has ended. Release the Lease even when this coroutine was cancelled, so that another
  // replica can take it at once.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_await release();
  if (thrown) std::rethrow_exception(thrown);
  co_return outcome;
}

// Renews the Lease until another process holds it.
asio::awaitable<void> LeaderElection::keep_renewing() {
  Instant next = renewed_ + options_.retry;
  while (holds_lease()) {
    co_await pause_before_renewal(next);
    if (!holds_lease()) break;
    const Instant now = environment_.clock.now();
    LeaseDecision decision = decide(view(), options_, now, environment_.clock.wall());
    base::Result<void> renewed =
        co_await write(LeaseAction::kRenew, std::move(decision.spec), limits::kLeaseRequestTimeout);
    if (is_outdated(renewed.error())) {
      renewed = co_await refresh(limits::kLeaseRequestTimeout);
      if (renewed) continue;  // renew again without a pause, if this process still holds the Lease
    }
    if (renewed) {
      renewed_ = now;
      set_waiting_for("");
    } else {
      set_waiting_for(base::to_string(renewed.error()));
    }
    next = now + options_.retry;
  }
}

// Returns when no renewal has succeeded for renew_deadline.
asio::awaitable<void> LeaderElection::until_deadline() {
  Instant deadline = renewed_ + options_.renew_deadline;
  for (Instant now = environment_.clock.now(); now < deadline; now = environment_.clock.now()) {
    co_await environment_.clock.sleep_for(deadline - now);
    deadline = renewed_ + options_.renew_deadline;
  }
}

// Waits until `next`, or until this process no longer holds the Lease.
asio::awaitable<void> LeaderElection::pause_before_renewal(Instant next) {
  for (Instant now = environment_.clock.now(); now < next && holds_lease();
       now = environment_.clock.now()) {
    co_await changed_.wait_for(environment_.clock, next - now);
  }
}

asio::awaitable<void> LeaderElection::release() {
  for (int tries = 0; tries < kReleaseTries && holds_lease(); ++tries) {
    api::LeaseSpec spec = released(view().lease->spec, environment_.clock.wall());
    const base::Result<void> written =
        co_await write(LeaseAction::kRenew, std::move(spec), limits::kLeaseReleaseTimeout);
    if (written) co_return;
    if (!written.error().lost_race()) {
      environment_.logger.warning("cannot release the Lease",
                                  {{"why", base::to_string(written.error())}});
      co_return;
    }
    co_await refresh(limits::kLeaseReleaseTimeout);
  }
}

// Writes the Lease. kConflict, or kAlreadyExists for kCreate: the cached Lease was stale.
asio::awaitable<base::Result<void>> LeaderElection::write(LeaseAction action, api::LeaseSpec spec,
                                                          milliseconds timeout) {
  const Client client = environment_.client.with_timeout(timeout);
  api::Lease lease;
  lease.spec = std::move(spec);
  base::Result<api::Lease> answer = base::Error{};
  if (action == LeaseAction::kCreate) {
    lease.metadata.name = options_.lease.name;
    lease.metadata.namespace_name = options_.lease.namespace_name;
    Awaitable<api::Lease> creating = client.create(lease);
    answer = co_await std::move(creating);
  } else {
    const LeaseView current = view();
    lease.metadata.uid = current.lease->metadata.uid;
    lease.metadata.resource_version = current.lease->metadata.resource_version;
    Awaitable<api::Lease> patching = client.patch<api::Lease>(options_.lease, json::encode(lease));
    answer = co_await std::move(patching);
  }
  if (!answer) co_return answer.error();
  informer_.store().record_written(*std::move(answer));
  co_return base::Result<void>();
}

asio::awaitable<base::Result<void>> LeaderElection::refresh(milliseconds timeout) {
  const Client client = environment_.client.with_timeout(timeout);
  const auto seen = informer_.store().get(options_.lease);
  Awaitable<api::Lease> getting = client.get<api::Lease>(options_.lease);
  base::Result<api::Lease> answer = co_await std::move(getting);
  if (answer) {
    informer_.store().record_written(*std::move(answer));
  } else if (answer.error().code == base::ErrorCode::kNotFound) {
    informer_.store().record_absent(options_.lease, seen);
  } else {
    co_return answer.error();
  }
  known_ = true;
  co_return base::Result<void>();
}

LeaseView LeaderElection::view() const {
  const auto lease = informer_.store().get(options_.lease);
  if (lease == nullptr) return {};
  return {*lease, lease_changed_};
}

bool LeaderElection::holds_lease() const { return holder() == options_.identity; }

void LeaderElection::lease_changed(const api::Lease* before, const api::Lease* after) {
  // A change of the metadata alone, such as a label, does not prolong the Lease.
  if (before == nullptr || after == nullptr || before->spec != after->spec) {
    lease_changed_ = environment_.clock.now();
  }
  const std::string was = before == nullptr ? "" : before->spec.holder_identity.value_or("");
  const std::string is = after == nullptr ? "" : after->spec.holder_identity.value_or("");
  if (was == is) return;
  environment_.logger.info("the holder of the Lease changed",
                           {{"lease", api::to_string(options_.lease)}, {"holder", is}});
  changed_.notify();
}

void LeaderElection::set_leading(bool leading) {
  if (std::exchange(leading_, leading) == leading) return;
  environment_.logger.info(leading ? "leading" : "no longer leading",
                           {{"lease", api::to_string(options_.lease)}});
  if (on_change_) on_change_(leading);
}

void LeaderElection::set_waiting_for(std::string text) {
  if (text == waiting_for_) return;
  waiting_for_ = std::move(text);
  if (waiting_for_.empty()) return;
  environment_.logger.warning("cannot use the Lease",
                              {{"lease", api::to_string(options_.lease)}, {"why", waiting_for_}});
}

}  // namespace kube
