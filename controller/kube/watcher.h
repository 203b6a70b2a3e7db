// Lists and watches one resource type in one scope, for ever, and feeds a sink with what it sees.
//
// Guarantees
//  * The sink sees either a whole list (begin_relist … end_relist) or the changes since the last
//    one, in order, none left out. What lies between is not seen: it is level-based.
//  * Whatever the server or the network does, it goes on: a state, a backoff, a new try. Only
//    cancellation ends it.
//  * An object that cannot be read is counted and left out, never fatal.
//  * Of an object only what WatchTarget::shape reads takes memory, whether it comes in a list or as
//    an event, and only so much as fits into object_bytes.
// Assumptions: silence for limits::kWatchSilence means a dead connection, since bookmarks come
//   about once a minute.
// Caveats: between two tries the sink is stale; waiting_for() says so.
//
// One owner, which runs it as one coroutine. Used on the thread of the io_context only.
// Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ and KEP-3157.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/meta.h"
#include "base/backoff.h"
#include "json/sieve.h"
#include "kube/environment.h"
#include "kube/watch_decoder.h"

namespace kube {

enum class WatcherState {
  kStart,      // nothing is known: ask for the list
  kStreaming,  // the list comes as events of a watch
  kListing,    // the list comes in pages
  kListed,     // known up to a resourceVersion: open a watch from there
  kWatching,   // events come
};

// Why a watch ended or a list failed: the label of localregistry_watch_restarts_total.
enum class RestartReason {
  kEnded,         // by the server, as asked
  kExpired,       // 410: the resourceVersion is too old
  kSilence,       // nothing came, not even a bookmark
  kNetwork,       // the connection broke, or there was none
  kThrottled,     // 429
  kUnauthorized,  // 401
  kForbidden,     // 403
  kMissing,       // 404: the CRD is not installed
  kNoStreaming,   // the server cannot stream lists: asked for pages instead
  kServer,        // 5xx
  kRoom,          // the cache has room for objects that it had none for
  kOther,
};

// "expired", …
std::string_view name(RestartReason reason);

// What to do about an error: pure, so that it can be tested as a table.
struct Recovery {
  WatcherState next;
  RestartReason reason;
  bool back_off;
};
Recovery recover(WatcherState state, const base::Error& error);

// Where the watcher puts what it sees.
class WatchSink {
 public:
  WatchSink() = default;
  WatchSink(const WatchSink&) = delete;
  WatchSink& operator=(const WatchSink&) = delete;
  virtual ~WatchSink() = default;

  // From here on put and erase build a new list, until end_relist puts it in the place of the old
  // one. Another begin_relist throws it away.
  virtual void begin_relist() = 0;
  virtual base::Result<void> put(json::View object) = 0;    // kMalformed: left out
  virtual base::Result<void> erase(json::View object) = 0;  // kMalformed: left out
  virtual void end_relist(std::uint64_t revision) = 0;
  // All changes up to this revision were put.
  virtual void progress(std::uint64_t revision) = 0;
  // Whether a new list would bring objects for which there was no room before. Asked after
  // progress, about once a minute.
  virtual bool wants_relist() const { return false; }
};

// Told of what is counted. Does nothing unless overridden.
class WatchObserver {
 public:
  WatchObserver() = default;
  WatchObserver(const WatchObserver&) = delete;
  WatchObserver& operator=(const WatchObserver&) = delete;
  virtual ~WatchObserver() = default;

  virtual void restarted(const api::ResourceType&, RestartReason) {}
  virtual void malformed(const api::ResourceType&) {}
  // waiting_for() has changed; empty: it is watching.
  virtual void waiting(const api::ResourceType&, const std::string&) {}
};

struct WatchTarget {
  const api::ResourceType& type;  // of static storage
  std::string namespace_name;     // empty: all, or a type that has none
  std::string label_selector;
  std::string field_selector;
  const json::Shape* shape = &json::shape_of<std::string>();  // what is read of an object
  std::size_t object_bytes = limits::kObjectBytes;            // of one object, decoded
};

class Watcher {
 public:
  // observer may be null.
  Watcher(const Environment& environment, WatchTarget target, WatchSink& sink,
          WatchObserver* observer);

  // Until it is cancelled, which throws boost::system::system_error.
  boost::asio::awaitable<void> run();

  // One transition: run is an endless row of them.
  boost::asio::awaitable<void> step();

  WatcherState state() const { return state_; }

  // The list was complete at least once.
  bool synced() const { return synced_; }

  // Why nothing comes: "the CRD is not installed"; empty while all is well.
  const std::string& waiting_for() const { return waiting_for_; }

 private:
  boost::asio::awaitable<void> start();
  boost::asio::awaitable<void> list_page();
  boost::asio::awaitable<void> open_watch();
  boost::asio::awaitable<void> read_events();
  boost::asio::awaitable<void> end_of_watch();
  boost::asio::awaitable<void> fail(base::Error error);
  boost::asio::awaitable<base::Result<void>> connect(bool send_initial_events);
  boost::asio::awaitable<base::Result<void>> read_page();
  base::Result<void> end_page(json::View page);
  base::Result<void> handle_lines();
  base::Result<void> handle(const WatchEvent& event);
  base::Result<void> listed(std::string resource_version);
  void skip(const base::Error& error, std::string object = {});
  void count(RestartReason reason);
  void well();
  void trouble(RestartReason reason, const base::Error& error);
  void set_waiting_for(std::string text);

  Environment environment_;
  WatchTarget target_;
  WatchSink& sink_;
  WatchObserver* observer_;
  WatcherState state_ = WatcherState::kStart;
  bool streams_lists_ = true;  // until the server says that it cannot
  bool synced_ = false;
  std::string resource_version_;  // where a watch goes on
  std::string continue_token_;
  std::unique_ptr<Stream> stream_;
  json::Sieve sieve_;
  LineSplitter lines_;
  bool page_ended_ = false;
  bool relist_ = false;
  base::Clock::Instant opened_ = {};
  bool received_ = false;  // something, since the watch was opened
  int page_ = limits::kListPage;
  base::Backoff backoff_;
  int failures_ = 0;                      // in a row
  std::optional<RestartReason> trouble_;  // what waiting_for_ is about
  std::string waiting_for_;
  std::string skipped_;  // the last that was logged
};

}  // namespace kube
