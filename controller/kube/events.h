// Events (events.k8s.io/v1) about objects, sent in the background.
//
// Guarantees
//  * record() never waits and never fails: what does not fit into the queue is dropped and counted.
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
#include <functional>
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

// text cut to at most that many bytes, at a boundary of UTF-8, with "..." when something was cut.
std::string shorten(std::string_view text, std::size_t most);

// Decides what is written: pure but for the names, which come from the random source.
class EventSeriesTable {
 public:
  using Instant = base::Clock::Instant;

  EventSeriesTable(std::string instance, base::Random& random);

  struct Write {
    bool create;  // or patch its series
    api::Event event;
  };

  // The write that the occurrence asks for now, if any.
  std::optional<Write> add(Occurrence occurrence, Instant now, base::Time wall);

  // Series whose count is not written yet, of objects that may be written to again. all: of all.
  std::vector<Write> due(Instant now, bool all = false);

  // When due() should be asked again; nothing when no series waits.
  std::optional<Instant> next_due() const;

 private:
  struct Identity {
    std::string regarding_uid;
    std::string regarding_name;  // "kind/namespace/name"
    std::string reason;
    std::string note;  // empty: combined
    EventType type;
    auto operator<=>(const Identity&) const = default;
  };
  struct Series {
    api::Event event;
    Instant last = {};
    bool unwritten = false;  // the count
  };

  using Key = std::string;  // of the object: "kind/namespace/name/uid"

  Series& begin_series(const Identity& identity, const Occurrence& occurrence, std::string note,
                       base::Time wall);
  bool may_write(const Key& object, Instant now) const;
  void forget_old(Instant now);

  std::string instance_;
  base::Random& random_;
  std::map<Identity, Series> series_;
  std::map<Key, std::deque<Instant>> writes_;  // in the window, by object
};

class EventRecorder {
 public:
  // instance: reportingInstance, the name of the pod.
  EventRecorder(const Environment& environment, std::string instance);

  void record(Occurrence occurrence);

  // Sends until it is cancelled, which throws boost::system::system_error.
  boost::asio::awaitable<void> run();

  // After run has ended: sends what is left, for at most that long.
  boost::asio::awaitable<void> flush(base::Clock::Duration most);

  std::uint64_t sent() const { return sent_; }
  std::uint64_t dropped() const { return dropped_; }  // the queue was full
  std::uint64_t failed() const { return failed_; }    // the server did not take it

 private:
  boost::asio::awaitable<void> send(EventSeriesTable::Write write);
  boost::asio::awaitable<void> send_queue();
  boost::asio::awaitable<base::Result<api::Event>> try_send(EventSeriesTable::Write write);

  Environment environment_;
  EventSeriesTable table_;
  Signal changed_;
  std::deque<EventSeriesTable::Write> queue_;
  std::uint64_t sent_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t failed_ = 0;
};

}  // namespace kube
