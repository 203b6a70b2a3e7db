// The keys that wait to be reconciled: what to do next, and when. A pure state machine: it does no
// IO, knows no clock (every call that needs the time is told it) and never calls back.
//
// Guarantees
//  * A key is in the queue at most once, however often it is added.
//  * A key that was taken is not handed out again before done(). Added meanwhile, it is handed out
//    once more afterwards, unless its owner says that it saw what was asked for: nothing is lost.
//  * What was asked for now (add) goes before what has waited (add_after, add_rate_limited); but
//    every kFairTurn-th key taken is one that has waited, so that a flood of events does not keep a
//    retry from its turn.
//  * Of either, groups of keys take turns (fair_group), so that one with thousands of keys does not
//    keep the others waiting. The keys of one group go in the order in which they came.
//  * Bounded by construction: one entry for each key that is waiting, ready, taken or remembered
//    for its failures. Who deletes an object forgets its key.
// Caveat: add() drops the wait of a key, since its reconcile says anew whether it has to wait.
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

// Keys of one group take one turn together: here all of them. Another type of keys has its own
// function, in its own namespace.
template <class Key>
std::string_view fair_group(const Key&) {
  return {};
}

// What workqueue metrics are made of. Counters since the start.
struct WorkQueueCounters {
  std::uint64_t adds = 0;     // keys that became ready, duplicates not counted
  std::uint64_t retries = 0;  // calls of add_rate_limited
};

// The delay before the next try after that many failures before: limits::kRetryFirst, doubled each
// time, at most limits::kRetryMost.
std::chrono::steady_clock::duration retry_delay(int failures);

// Key: a value with an order (operator<).
template <class Key>
class WorkQueue {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr int kFairTurn = 4;

  struct Taken {
    Key key;
    Duration waited;  // since it became ready
  };

  WorkQueue() = default;
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Ready now, before every key that waits. Nothing after shutdown().
  void add(const Key& key, Instant now);

  // Ready after the delay, or earlier when something else says so. Nothing after shutdown().
  void add_after(const Key& key, Duration delay, Instant now);

  // As add_after with the delay of the key's failures, of which this is one more; at most `most`,
  // but at least `least`. Returns the delay.
  Duration add_rate_limited(const Key& key, Instant now, Duration least = Duration::zero(),
                            Duration most = limits::kRetryMost);

  // The key's failures are history.
  void forget(const Key& key);

  // The next key, which is the caller's until done(); nothing when none is ready or after
  // shutdown(). Keys whose wait is over become ready first.
  std::optional<Taken> take(Instant now);

  // What was asked for of a taken key so far is seen by what its owner does from now on.
  void absorb(const Key& key);

  // Gives a taken key back. Returns how long it was away; zero for a key that was not taken.
  Duration done(const Key& key, Instant now);

  // When the next waiting key becomes ready; nothing when none waits.
  std::optional<Instant> next_due() const;

  // Drops what is ready or waiting, and takes nothing in any more.
  void shutdown();

  int failures(const Key& key) const;
  std::size_t ready() const { return fresh_.size() + waited_.size(); }  // as of the last take()
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t taken() const { return taken_.size(); }
  std::size_t size() const { return entries_.size(); }  // every key that is known
  bool is_shut_down() const { return shut_down_; }
  const WorkQueueCounters& counters() const { return counters_; }

  // Sum and maximum of how long the taken keys have been away:
  // workqueue_unfinished_work_seconds and workqueue_longest_running_processor_seconds.
  Duration unfinished_work(Instant now) const;
  Duration longest_running(Instant now) const;

 private:
  struct Entry;
  using Entries = std::map<Key, Entry>;
  using Place = typename Entries::iterator;
  using Ready = Turns<Place>;
  using List = typename Ready::List;
  using Due = std::pair<Instant, std::uint64_t>;  // the number keeps the order of the same instant

  enum class State { kIdle, kFresh, kWaited, kWaiting, kTaken };

  struct Entry {
    State state = State::kIdle;
    int failures = 0;
    bool again = false;               // kTaken: added meanwhile
    std::optional<Instant> later;     // kTaken: to wait for, once it is given back
    Instant since{};                  // kFresh, kWaited: ready; kTaken: taken
    Instant asked{};                  // kTaken and again: when it was added
    Due due{};                        // kWaiting
    typename List::iterator where{};  // kFresh, kWaited, kTaken
  };

  void make_ready(Place place, State state, Instant since);
  void wait(Place place, Instant until);
  void promote(Instant now);
  void erase_if_idle(Place place);

  Entries entries_;
  Ready fresh_;
  Ready waited_;
  List taken_;  // in the order in which they were taken
  std::map<Due, Place> waiting_;
  WorkQueueCounters counters_;
  std::uint64_t number_ = 0;  // of the last wait
  int turn_ = 0;              // keys taken since one that has waited
  bool shut_down_ = false;
};

template <class Key>
void WorkQueue<Key>::add(const Key& key, Instant now) {
  if (shut_down_) return;
  const Place place = entries_.try_emplace(key).first;
  Entry& entry = place->second;
  switch (entry.state) {
    case State::kFresh: return;
    case State::kWaited: {
      List moved;
      waited_.remove(fair_group(key), entry.where, moved);
      fresh_.add(fair_group(key), moved, entry.where);
      entry.state = State::kFresh;
      return;
    }
    case State::kTaken:
      if (entry.again) return;
      entry.again = true;
      entry.asked = now;
      entry.later.reset();
      return;
    case State::kWaiting: waiting_.erase(entry.due); break;
    case State::kIdle: break;
  }
  ++counters_.adds;
  make_ready(place, State::kFresh, now);
}

template <class Key>
void WorkQueue<Key>::add_after(const Key& key, Duration delay, Instant now) {
  if (shut_down_) return;
  if (delay <= Duration::zero()) return add(key, now);
  const Instant until = delay < Instant::max() - now ? now + delay : Instant::max();
  const Place place = entries_.try_emplace(key).first;
  Entry& entry = place->second;
  switch (entry.state) {
    case State::kFresh:
    case State::kWaited: return;
    case State::kTaken:
      if (!entry.again) entry.later = entry.later ? std::min(*entry.later, until) : until;
      return;
    case State::kWaiting:
      if (entry.due.first <= until) return;
      waiting_.erase(entry.due);
      break;
    case State::kIdle: break;
  }
  wait(place, until);
}

template <class Key>
typename WorkQueue<Key>::Duration WorkQueue<Key>::add_rate_limited(const Key& key, Instant now,
                                                                   Duration least, Duration most) {
  if (shut_down_) return Duration::zero();
  Entry& entry = entries_.try_emplace(key).first->second;
  const Duration delay = std::max(std::min(retry_delay(entry.failures), most), least);
  ++entry.failures;
  ++counters_.retries;
  add_after(key, delay, now);
  return delay;
}

template <class Key>
void WorkQueue<Key>::forget(const Key& key) {
  const Place place = entries_.find(key);
  if (place == entries_.end()) return;
  place->second.failures = 0;
  erase_if_idle(place);
}

template <class Key>
std::optional<typename WorkQueue<Key>::Taken> WorkQueue<Key>::take(Instant now) {
  promote(now);
  if (fresh_.empty() && waited_.empty()) return std::nullopt;
  const bool fair = !waited_.empty() && turn_ + 1 >= kFairTurn;
  Ready& from = fresh_.empty() || fair ? waited_ : fresh_;
  turn_ = &from == &waited_ ? 0 : turn_ + 1;
  const Place place = *from.next(taken_);
  Entry& entry = place->second;
  const Duration waited = now - entry.since;
  entry.state = State::kTaken;
  entry.since = now;
  return Taken{place->first, waited};
}

template <class Key>
void WorkQueue<Key>::absorb(const Key& key) {
  const Place place = entries_.find(key);
  if (place == entries_.end()) return;
  place->second.again = false;
  place->second.later.reset();
}

template <class Key>
typename WorkQueue<Key>::Duration WorkQueue<Key>::done(const Key& key, Instant now) {
  const Place place = entries_.find(key);
  if (place == entries_.end() || place->second.state != State::kTaken) return Duration::zero();
  Entry& entry = place->second;
  taken_.erase(entry.where);
  entry.state = State::kIdle;
  const Duration away = now - entry.since;
  if (std::exchange(entry.again, false)) {
    ++counters_.adds;
    make_ready(place, State::kFresh, entry.asked);
  } else if (entry.later) {
    wait(place, *entry.later);
    entry.later.reset();
  } else {
    erase_if_idle(place);
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
  fresh_.clear();
  waited_.clear();
  waiting_.clear();
  for (Place place = entries_.begin(); place != entries_.end();) {
    Entry& entry = place->second;
    entry.again = false;
    entry.later.reset();
    entry.failures = 0;
    place = entry.state == State::kTaken ? std::next(place) : entries_.erase(place);
  }
}

template <class Key>
int WorkQueue<Key>::failures(const Key& key) const {
  const auto place = entries_.find(key);
  return place == entries_.end() ? 0 : place->second.failures;
}

template <class Key>
typename WorkQueue<Key>::Duration WorkQueue<Key>::unfinished_work(Instant now) const {
  Duration sum{};
  for (const Place& place : taken_) sum += now - place->second.since;
  return sum;
}

template <class Key>
typename WorkQueue<Key>::Duration WorkQueue<Key>::longest_running(Instant now) const {
  return taken_.empty() ? Duration::zero() : now - taken_.front()->second.since;
}

template <class Key>
void WorkQueue<Key>::make_ready(Place place, State state, Instant since) {
  Entry& entry = place->second;
  entry.state = state;
  entry.since = since;
  List one = {place};
  entry.where = one.begin();
  Ready& ready = state == State::kFresh ? fresh_ : waited_;
  ready.add(fair_group(place->first), one, entry.where);
}

template <class Key>
void WorkQueue<Key>::wait(Place place, Instant until) {
  place->second.state = State::kWaiting;
  place->second.due = {until, ++number_};
  waiting_.emplace(place->second.due, place);
}

template <class Key>
void WorkQueue<Key>::promote(Instant now) {
  while (!waiting_.empty() && waiting_.begin()->first.first <= now) {
    const Place place = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    ++counters_.adds;
    make_ready(place, State::kWaited, place->second.due.first);
  }
}

template <class Key>
void WorkQueue<Key>::erase_if_idle(Place place) {
  if (place->second.state == State::kIdle && place->second.failures == 0) entries_.erase(place);
}

}  // namespace runtime
