// An EventRecorder sends events (events.k8s.io/v1) about objects in the background.
//
// Guarantees
//  * record() never waits and never fails. Events that do not fit into the queue are dropped, and
//    their number is logged once the queue is empty again.
//  * Equal events within limits::kEventSeriesWindow become one Event whose series.count grows.
//  * Within such a window the recorder makes at most limits::kEventSeriesBurst writes about one
//    object. Further events are counted and merged ("combined from similar events"), and the counts
//    are written once the limit allows another write.
// Caveats: delivery is best effort. An event that cannot be sent in limits::kEventTries attempts is
//   dropped and logged.
//
// An EventRecorder has one owner, which runs run() as one coroutine. It is used on the thread of
// the io_context only.
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
#include "async/signal.h"
#include "kube/environment.h"

namespace kube {

enum class EventType { kNormal, kWarning };

// An Occurrence is what the caller of EventRecorder::record() reports.
struct Occurrence {
  api::ObjectReference regarding;  // the object, with its uid
  EventType type = EventType::kNormal;
  std::string reason;  // "Created": a word in CamelCase
  std::string action;  // "Reconcile": what the operator did; a word in CamelCase
  std::string note;    // text for people, which is cut to limits::kEventNoteBytes

  bool operator==(const Occurrence&) const = default;
};

// Returns a reference to the object of `type` that has this metadata.
api::ObjectReference reference_to(const api::ResourceType& type, const api::ObjectMeta& meta);

// An EventWrite is one request to the API server: it creates the Event or patches its series. When
// the Event to patch no longer exists, it is created again if `event` is complete.
struct EventWrite {
  bool create;
  api::Event event;  // complete, or only namespace, name and series from due()

  bool operator==(const EventWrite&) const = default;
};

// An EventSeriesTable decides which events are written. It is pure, except that the names of Events
// come from the random source. It remembers at most limits::kEventSeries series and identifies them
// by a hash: a collision merges two series and has no other effect.
class EventSeriesTable {
 public:
  using Instant = base::Clock::Instant;

  // `instance`: the reportingInstance of all events. `random` outlives the table.
  EventSeriesTable(std::string_view instance, base::Random& random);

  // Returns the write to make now for the occurrence; nothing if it is only counted.
  std::optional<EventWrite> add(const Occurrence& occurrence, Instant now, base::Time wall);

  // Returns a patch for each series whose count has grown since the last write. Unless `all` is
  // true, it leaves out the series of objects that have used up limits::kEventSeriesBurst.
  std::vector<EventWrite> due(Instant now, bool all = false);

  // Returns when due() should be called next; nothing when the count of every series is written.
  std::optional<Instant> next_due() const;

  std::size_t size() const { return series_.size(); }

 private:
  using Hash = std::uint64_t;

  struct Series {
    Hash object;  // hash of the reference to the object that the Event is about
    std::string namespace_name;
    std::string name;
    api::EventSeries series;
    Instant last = {};       // time of the last occurrence
    bool unwritten = false;  // series.count has grown since the last write
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
  std::map<Hash, Series> series_;                // key: hash of object, reason, note and type
  std::map<Hash, std::vector<Instant>> writes_;  // times of the last writes, by object
  Instant swept_ = {};                           // when forget_old() last ran
};

class EventRecorder {
 public:
  // `instance`: the reportingInstance, which is the name of the pod.
  EventRecorder(const Environment& environment, std::string_view instance);

  void record(const Occurrence& occurrence);

  // Sends events until it is cancelled. The cancellation throws boost::system::system_error.
  boost::asio::awaitable<void> run();

  // Sends the remaining events, for at most the time `max`. Call it after run() has ended.
  boost::asio::awaitable<void> flush(base::Clock::Duration max);

  std::uint64_t sent() const { return sent_; }
  std::uint64_t dropped() const { return dropped_; }  // events without room in the queue
  std::uint64_t failed() const { return failed_; }    // events that could not be sent

 private:
  // With kYielding, the recorder pauses after each event, so that sending takes about a tenth of
  // the time, and more when the queue is nearly full. So events leave room for the operator's other
  // requests, and a slow API server gets fewer events. With kUrgent, it does not pause.
  enum class SendMode { kYielding, kUrgent };

  boost::asio::awaitable<void> send_queue(SendMode mode);
  base::Clock::Duration pause_after(base::Clock::Duration took) const;
  boost::asio::awaitable<base::Result<void>> send(EventWrite write);
  void enqueue(EventWrite write);
  void report_dropped();

  Environment environment_;
  EventSeriesTable table_;
  async::Signal changed_;
  std::deque<EventWrite> queue_;
  std::uint64_t sent_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t reported_dropped_ = 0;  // dropped events that the log has reported
  std::uint64_t failed_ = 0;
};

}  // namespace kube
