// A WorkQueue holds the keys that wait to be reconciled, and decides which of them is next, and
// when. It is a pure state machine: it does no IO, reads no clock (the caller passes the time) and
// calls no callbacks.
//
// Guarantees
//  * A key is in the queue at most once, however often it is added.
//  * take() does not return a taken key again before done(). If the key is added meanwhile, take()
//    returns it once more after done(), so no request is lost. Only drop_covered_requests() drops
//    such a request.
//  * Keys that were added (add) go before keys whose delay is over (add_after, add_rate_limited).
//    But at least every kFairTurn-th key taken is one of the latter, so that a flood of events does
//    not keep retries waiting.
//  * Within each of these two kinds of keys, groups take turns (fair_group), so that a group with
//    thousands of keys does not keep others waiting. The keys of one group keep the order in which
//    they became ready.
//  * The memory is bounded: there is one entry for each key that is waiting, ready, taken or has
//    failures. forget() drops the failures.
// Caveat: add() drops the delay of a key, since the reconcile that follows decides again whether
// the key has to wait.
//
// One owner, the runner; not thread-safe: used on the thread of the io_context only.
// Source: k8s.io/client-go/util/workqueue, whose semantics it has.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "runtime/turns.h"

namespace runtime {

// Returns the group of a key. Groups take turns: each turn takes one key of one group. By default
// all keys are one group. A key type with groups has an overload in its own namespace.
template <class Key>
std::string_view fair_group(const Key&) {
  return {};
}

// Counters since the start, for the workqueue_* metrics.
struct WorkQueueCounters {
  std::uint64_t adds = 0;     // keys that became ready, duplicates not counted
  std::uint64_t retries = 0;  // calls of add_rate_limited
};

// Returns the delay before the next try: limits::kRetryFirst, doubled for each earlier failure in a
// row, at most limits::kMaxRetryDelay. `failures`: number of earlier failures.
std::chrono::steady_clock::duration retry_delay(int failures);

// `Key`: a value type with operator<.
template <class Key>
class WorkQueue {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr int kFairTurn = 4;

  struct Taken {
    Key key;
    Duration waited;  // since the key became ready
  };

  WorkQueue() = default;
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Makes the key ready now, before every delayed key. Does nothing after shutdown().
  void add(const Key& key, Instant now);

  // Makes the key ready after the delay, or earlier if it is added again. Does nothing after
  // shutdown().
  void add_after(const Key& key, Duration delay, Instant now);

  // Counts a failure of the key and calls add_after() with retry_delay() of its failures, limited
  // to at most `max` and then to at least `min`. Returns the delay.
  Duration add_rate_limited(const Key& key, Instant now, Duration min = Duration::zero(),
                            Duration max = limits::kMaxRetryDelay);

  // Sets the key's failures to 0.
  void forget(const Key& key);

  // Makes the keys ready whose delay is over, and then returns the next ready key, which counts as
  // taken until done(). Returns nullopt when no key is ready, and after shutdown().
  std::optional<Taken> take(Instant now);

  // Drops the requests that were made for a taken key since take(). The caller must read all state
  // again afterwards, which covers these requests.
  void drop_covered_requests(const Key& key);

  // Ends the processing of a taken key. Returns the time since take(); zero for a key that was not
  // taken.
  Duration done(const Key& key, Instant now);

  // Returns when the next delayed key becomes ready; nullopt when there is none.
  std::optional<Instant> next_due() const;

  // Drops all ready and waiting keys. Later calls add nothing.
  void shutdown();

  int failures(const Key& key) const;
  // Returns the number of ready keys, as of the last take().
  std::size_t ready() const { return ready_added_.size() + ready_delayed_.size(); }
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t taken() const { return taken_.size(); }
  std::size_t size() const { return entries_.size(); }  // keys with an entry
  bool is_shut_down() const { return shut_down_; }
  const WorkQueueCounters& counters() const { return counters_; }

  // These functions return the sum and the maximum, over all taken keys, of the time since take().
  // The metrics workqueue_unfinished_work_seconds and workqueue_longest_running_processor_seconds
  // show them.
  Duration unfinished_work(Instant now) const;
  Duration longest_running(Instant now) const;

 private:
  struct Entry;
  using Entries = std::map<Key, Entry>;
  using EntryIterator = typename Entries::iterator;
  using Ready = FairQueue<EntryIterator>;
  using List = typename Ready::List;
  using Due = std::pair<Instant, std::uint64_t>;  // the number orders keys with the same time

  enum class State { kIdle, kReadyAdded, kReadyDelayed, kWaiting, kTaken };

  struct Entry {
    State state = State::kIdle;
    int failures = 0;
    bool added_again = false;               // kTaken: add() was called since take()
    std::optional<Instant> due_after_done;  // kTaken: when the key becomes ready after done()
    Instant since{};                        // when the key became ready or was taken
    Instant added_at{};                     // kTaken and `added_again`: the time of add()
    Due due{};                              // kWaiting: key in waiting_
    typename List::iterator node{};         // kReadyAdded, kReadyDelayed, kTaken: in its list
  };

  void make_ready(EntryIterator it, State state, Instant since);
  void wait(EntryIterator it, Instant until);
  void promote(Instant now);
  void erase_if_idle(EntryIterator it);

  Entries entries_;
  Ready ready_added_;
  Ready ready_delayed_;
  List taken_;  // in the order in which they were taken
  std::map<Due, EntryIterator> waiting_;
  WorkQueueCounters counters_;
  std::uint64_t number_ = 0;  // number of the last Due
  int turn_ = 0;              // keys taken since the last one from ready_delayed_
  bool shut_down_ = false;
};

template <class Key>
void WorkQueue<Key>::add(const Key& key, Instant now) {
  if (shut_down_) return;
  const EntryIterator it = entries_.try_emplace(key).first;
  Entry& entry = it->second;
  switch (entry.state) {
    case State::kReadyAdded: return;
    case State::kReadyDelayed: {
      List moved;
      ready_delayed_.remove(fair_group(key), entry.node, moved);
      ready_added_.add(fair_group(key), moved, entry.node);
      entry.state = State::kReadyAdded;
      return;
    }
    case State::kTaken:
      if (entry.added_again) return;
      entry.added_again = true;
      entry.added_at = now;
      entry.due_after_done.reset();
      return;
    case State::kWaiting: waiting_.erase(entry.due); break;
    case State::kIdle: break;
  }
  ++counters_.adds;
  make_ready(it, State::kReadyAdded, now);
}

template <class Key>
void WorkQueue<Key>::add_after(const Key& key, Duration delay, Instant now) {
  if (shut_down_) return;
  if (delay <= Duration::zero()) return add(key, now);
  const Instant until = delay < Instant::max() - now ? now + delay : Instant::max();
  const EntryIterator it = entries_.try_emplace(key).first;
  Entry& entry = it->second;
  switch (entry.state) {
    case State::kReadyAdded:
    case State::kReadyDelayed: return;
    case State::kTaken:
      if (!entry.added_again) {
        entry.due_after_done =
            entry.due_after_done ? std::min(*entry.due_after_done, until) : until;
      }
      return;
    case State::kWaiting:
      if (entry.due.first <= until) return;
      waiting_.erase(entry.due);
      break;
    case State::kIdle: break;
  }
  wait(it, until);
}

template <class Key>
typename WorkQueue<Key>::Duration WorkQueue<Key>::add_rate_limited(const Key& key, Instant now,
                                                                   Duration min, Duration max) {
  if (shut_down_) return Duration::zero();
  Entry& entry = entries_.try_emplace(key).first->second;
  const Duration delay = std::max(std::min(retry_delay(entry.failures), max), min);
  ++entry.failures;
  ++counters_.retries;
  add_after(key, delay, now);
  return delay;
}

template <class Key>
void WorkQueue<Key>::forget(const Key& key) {
  const EntryIterator it = entries_.find(key);
  if (it == entries_.end()) return;
  it->second.failures = 0;
  erase_if_idle(it);
}

template <class Key>
std::optional<typename WorkQueue<Key>::Taken> WorkQueue<Key>::take(Instant now) {
  promote(now);
  if (ready_added_.empty() && ready_delayed_.empty()) return std::nullopt;
  const bool fair = !ready_delayed_.empty() && turn_ + 1 >= kFairTurn;
  Ready& from = ready_added_.empty() || fair ? ready_delayed_ : ready_added_;
  turn_ = &from == &ready_delayed_ ? 0 : turn_ + 1;
  const EntryIterator it = *from.next(taken_);
  Entry& entry = it->second;
  const Duration waited = now - entry.since;
  entry.state = State::kTaken;
  entry.since = now;
  return Taken{it->first, waited};
}

template <class Key>
void WorkQueue<Key>::drop_covered_requests(const Key& key) {
  const EntryIterator it = entries_.find(key);
  if (it == entries_.end()) return;
  it->second.added_again = false;
  it->second.due_after_done.reset();
}

template <class Key>
typename WorkQueue<Key>::Duration WorkQueue<Key>::done(const Key& key, Instant now) {
  const EntryIterator it = entries_.find(key);
  if (it == entries_.end() || it->second.state != State::kTaken) return Duration::zero();
  Entry& entry = it->second;
  taken_.erase(entry.node);
  entry.state = State::kIdle;
  const Duration away = now - entry.since;
  if (std::exchange(entry.added_again, false)) {
    ++counters_.adds;
    make_ready(it, State::kReadyAdded, entry.added_at);
  } else if (entry.due_after_done) {
    wait(it, *entry.due_after_done);
    entry.due_after_done.reset();
  } else {
    erase_if_idle(it);
  }
  return away;
}

template <class Key>
std::optional<typename WorkQueue<Key>::Instant> WorkQueue<Key>::next_due() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first.first;
}

template <class Key>
void WorkQueue<Key>::shutdown() {
  shut_down_ = true;
  ready_added_.clear();
  ready_delayed_.clear();
  waiting_.clear();
  for (EntryIterator it = entries_.begin(); it != entries_.end();) {
    Entry& entry = it->second;
    entry.added_again = false;
    entry.due_after_done.reset();
    entry.failures = 0;
    it = entry.state == State::kTaken ? std::next(it) : entries_.erase(it);
  }
}

template <class Key>
int WorkQueue<Key>::failures(const Key& key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? 0 : it->second.failures;
}

template <class Key>
typename WorkQueue<Key>::Duration WorkQueue<Key>::unfinished_work(Instant now) const {
  Duration sum{};
  for (const EntryIterator& it : taken_) sum += now - it->second.since;
  return sum;
}

template <class Key>
typename WorkQueue<Key>::Duration WorkQueue<Key>::longest_running(Instant now) const {
  return taken_.empty() ? Duration::zero() : now - taken_.front()->second.since;
}

template <class Key>
void WorkQueue<Key>::make_ready(EntryIterator it, State state, Instant since) {
  Entry& entry = it->second;
  entry.state = state;
  entry.since = since;
  List one = {it};
  entry.node = one.begin();
  Ready& ready = state == State::kReadyAdded ? ready_added_ : ready_delayed_;
  ready.add(fair_group(it->first), one, entry.node);
}

template <class Key>
void WorkQueue<Key>::wait(EntryIterator it, Instant until) {
  it->second.state = State::kWaiting;
  it->second.due = {until, ++number_};
  waiting_.emplace(it->second.due, it);
}

template <class Key>
void WorkQueue<Key>::promote(Instant now) {
  while (!waiting_.empty() && waiting_.begin()->first.first <= now) {
    const EntryIterator it = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    ++counters_.adds;
    make_ready(it, State::kReadyDelayed, it->second.due.first);
  }
}

template <class Key>
void WorkQueue<Key>::erase_if_idle(EntryIterator it) {
  if (it->second.state == State::kIdle && it->second.failures == 0) entries_.erase(it);
}

}  // namespace runtime
