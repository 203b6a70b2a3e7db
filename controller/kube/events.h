// Events (events.k8s.io/v1) about objects, sent in the background.
//
// Guarantees
//  * record() never waits and never fails: what does not fit into the queue is dropped, and told in
//    the log when the queue is empty again.
//  * The same event again within limits::kEventSeriesWindow is one object whose series.count
//    grows. About one object at most limits::kEventSeriesBurst writes are made in the window; what
//    comes beyond is counted, merged ("combined from similar events") and written as the window
//    allows.
// Caveats: events are for people. One that cannot be sent after limits::kEventTries is dropped
//   with a line in the log.
//
// One owner, which runs run() as one coroutine. Used on the thread of the io_context only.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ and
// client-go tools/events.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/coordination.h"
#include "kube/environment.h"
#include "kube/parallel.h"

namespace kube {

enum class EventType { kNormal, kWarning };

// What happened, as the caller tells it.
struct Occurrence {
  api::ObjectReference regarding;  // with its uid
  EventType type = EventType::kNormal;
  std::string reason;  // "Created": a word in CamelCase
  std::string action;  // "Reconcile": what was being done; in CamelCase
  std::string note;    // for people; cut to limits::kEventNoteBytes

  bool operator==(const Occurrence&) const = default;
};

// A reference to an object of that type.
api::ObjectReference reference_to(const api::ResourceType& type, const api::ObjectMeta& meta);

// One request: create the event, or patch its series. A patch of an event that is gone creates it,
// if it is whole.
struct EventWrite {
  bool create;
  api::Event event;  // of a patch that was put off: only its name and its series

  bool operator==(const EventWrite&) const = default;
};

// Decides what is written: pure but for the names, which come from the random source. Remembers at
// most limits::kEventSeries series, by hashes: a mix-up merges two events, and does no other harm.
class EventSeriesTable {
 public:
  using Instant = base::Clock::Instant;

  // instance: reportingInstance. random outlives the table.
  EventSeriesTable(std::string_view instance, base::Random& random);

  // The write that the occurrence asks for now, if any.
  std::optional<EventWrite> add(const Occurrence& occurrence, Instant now, base::Time wall);

  // Series whose count is not written yet, of objects that may be written to again. all: of all.
  std::vector<EventWrite> due(Instant now, bool all = false);

  // When due() should be asked again; nothing when no series waits.
  std::optional<Instant> next_due() const;

  std::size_t size() const { return series_.size(); }

 private:
  using Hash = std::uint64_t;

  struct Series {
    Hash object;  // that the event is about
    std::string namespace_name;
    std::string name;
    api::EventSeries series;
    Instant last = {};
    bool unwritten = false;  // the count
  };

  Series* find(Hash identity, Instant now);
  EventWrite begin(Hash identity, Hash object, const Occurrence& occurrence, bool combined,
                   Instant now, base::Time wall);
  std::optional<EventWrite> repeat(Series& series, const Occurrence& occurrence, bool combined,
                                   Instant now, base::Time wall);
  api::Event event_of(const Series& series, const Occurrence& occurrence, bool combined,
                      base::Time wall) const;
  void count_write(Series& series, Instant now);
  bool may_write(Hash object, Instant now) const;
  void forget_old(Instant now);

  std::string instance_;
  base::Random& random_;
  std::map<Hash, Series> series_;                // by object, reason, note and type
  std::map<Hash, std::vector<Instant>> writes_;  // the latest, by object
  Instant swept_ = {};
};

class EventRecorder {
 public:
  // instance: reportingInstance, the name of the pod.
  EventRecorder(const Environment& environment, std::string_view instance);

  void record(const Occurrence& occurrence);

  // Sends until it is cancelled, which throws boost::system::system_error.
  boost::asio::awaitable<void> run();

  // After run has ended: sends what is left, for at most that long.
  boost::asio::awaitable<void> flush(base::Clock::Duration most);

  std::uint64_t sent() const { return sent_; }
  std::uint64_t dropped() const { return dropped_; }  // the queue was full
  std::uint64_t failed() const { return failed_; }    // the server did not take it

 private:
  // Giving way, events take a tenth of the time, more when the queue gets full: what they tell of
  // goes before them, and a server that is slow gets fewer.
  enum class Pace { kGivesWay, kHurries };

  boost::asio::awaitable<void> send_queue(Pace pace);
  base::Clock::Duration rest_after(base::Clock::Duration took) const;
  boost::asio::awaitable<base::Result<void>> send(EventWrite write);
  void enqueue(EventWrite write);
  void tell_dropped();

  Environment environment_;
  EventSeriesTable table_;
  Signal changed_;
  std::deque<EventWrite> queue_;
  std::uint64_t sent_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t told_ = 0;  // of those that were dropped
  std::uint64_t failed_ = 0;
};

}  // namespace kube
