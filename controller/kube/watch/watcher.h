// A Watcher lists and watches one resource type in one scope until it is cancelled, and passes the
// objects to a WatchSink.
//
// Guarantees
//  * The sink gets a whole list (begin_relist … end_relist) and then every change in order, without
//    gaps, until the next list. A list has the current state of each object, not the changes that
//    led to it.
//  * No error of the server or the network ends the watcher: it retries with backoff. Only
//    cancellation ends it.
//  * An object that cannot be decoded is counted and skipped; it is no fatal error.
//  * Of each object, in a list or in an event, only the fields of WatchTarget::shape take memory,
//    and at most object_bytes of them.
// Assumptions: a watch without a byte for limits::kWatchSilence is dead, since bookmarks come about
//   once a minute.
// Caveats: between two attempts the sink is stale; waiting_for() reports the reason.
//
// A Watcher has one owner, which runs it as one coroutine. It is used on the thread of the
// io_context only.
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
#include "json/sieve/sieve.h"
#include "kube/environment.h"
#include "kube/watch/watch_decoder.h"

namespace kube {

enum class WatcherState {
  kStart,      // there is no list: request it
  kStreaming,  // the list arrives as events of a watch
  kListing,    // the list arrives in pages
  kListed,     // the sink is complete up to a resourceVersion: open a watch from there
  kWatching,   // events arrive
};

// A RestartReason is why a watch ended or a list failed. It is a label of
// localregistry_watch_restarts_total.
enum class RestartReason {
  kEnded,         // the server ended the watch normally
  kExpired,       // 410: the resourceVersion is too old
  kSilence,       // no byte arrived in time, not even a bookmark
  kNetwork,       // the connection broke or could not be opened
  kThrottled,     // 429
  kUnauthorized,  // 401
  kForbidden,     // 403
  kMissing,       // 404: the CRD is not installed
  kNoStreaming,   // the server cannot stream lists: request pages instead
  kServer,        // 5xx
  kRoom,          // the cache has room for objects that it could not keep whole before
  kOther,
};

// Returns the label value for the reason, such as "expired".
std::string_view name(RestartReason reason);

// A Recovery is the reaction to an error. recover() is pure, so that a table of cases can test it.
struct Recovery {
  WatcherState next;
  RestartReason reason;
  bool back_off;
};
Recovery recover(WatcherState state, const base::Error& error);

// A WatchSink receives the objects from a watcher.
class WatchSink {
 public:
  WatchSink() = default;
  WatchSink(const WatchSink&) = delete;
  WatchSink& operator=(const WatchSink&) = delete;
  virtual ~WatchSink() = default;

  // Starts a new list. put() and erase() change the new list until end_relist() replaces the old
  // one with it. Another begin_relist() discards an unfinished list.
  virtual void begin_relist() = 0;
  virtual base::Result<void> put(json::View object) = 0;    // kMalformed: the object is skipped
  virtual base::Result<void> erase(json::View object) = 0;  // kMalformed: the object is skipped
  virtual void end_relist(std::uint64_t revision) = 0;
  // Reports that the sink has received all changes up to this revision.
  virtual void progress(std::uint64_t revision) = 0;
  // Returns true when the sink has room for objects that it dropped or kept in part because of a
  // limit: the watcher then lists again. The watcher calls this after progress(), about once a
  // minute.
  virtual bool wants_relist() const { return false; }
};

// A WatchObserver gets the events that metrics count. Its functions do nothing unless overridden.
class WatchObserver {
 public:
  WatchObserver() = default;
  WatchObserver(const WatchObserver&) = delete;
  WatchObserver& operator=(const WatchObserver&) = delete;
  virtual ~WatchObserver() = default;

  virtual void restarted(const api::ResourceType&, RestartReason) {}
  virtual void malformed(const api::ResourceType&) {}
  // Called with the new text after a change of waiting_for(); empty: there is no problem.
  virtual void waiting(const api::ResourceType&, const std::string&) {}
};

struct WatchTarget {
  const api::ResourceType& type;  // has static storage
  std::string namespace_name;     // empty: all namespaces, or a cluster-scoped type
  std::string label_selector;
  std::string field_selector;
  const json::Shape* shape = &json::shape_of<std::string>();  // the fields to keep of an object
  std::size_t object_bytes = limits::kObjectBytes;            // limit of one object, decoded
};

class Watcher {
 public:
  // `observer` may be null.
  Watcher(const Environment& environment, WatchTarget target, WatchSink& sink,
          WatchObserver* observer);

  // Lists and watches until it is cancelled. The cancellation throws boost::system::system_error.
  boost::asio::awaitable<void> run();

  // Makes one state transition. run() calls it in an endless loop.
  boost::asio::awaitable<void> step();

  WatcherState state() const { return state_; }

  // True once the sink has received a whole list; it stays true from then on.
  bool synced() const { return synced_; }

  // Returns why no objects arrive: "the CRD is not installed"; empty if there is no problem.
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
  void begin_stream(std::unique_ptr<Stream> stream, json::Sieve::Input input);
  base::Result<void> handle_bytes(std::string_view bytes);
  base::Result<void> handle(const WatchEvent& event);
  base::Result<void> listed(std::string resource_version);
  void skip(const base::Error& error, std::string object = {});
  void count(RestartReason reason);
  void report_recovery();
  void report_problem(RestartReason reason, const base::Error& error);
  void set_waiting_for(std::string text);

  Environment environment_;
  WatchTarget target_;
  WatchSink& sink_;
  WatchObserver* observer_;
  WatcherState state_ = WatcherState::kStart;
  bool streams_lists_ = true;  // false once the server has refused to stream a list
  bool synced_ = false;
  std::string resource_version_;  // where the next watch continues
  std::string continue_token_;
  std::unique_ptr<Stream> stream_;
  json::Sieve sieve_;
  LineSplitter lines_;
  bool page_ended_ = false;
  bool relist_ = false;
  base::Clock::Instant opened_ = {};
  bool received_ = false;  // a line has arrived since the watch was opened
  int page_ = limits::kListPage;
  base::Backoff backoff_;
  int failures_ = 0;  // consecutive failures
  std::optional<RestartReason>
      reported_problem_;     // why no objects arrive; nullopt: there is no problem
  std::string waiting_for_;  // the reported problem as a text for people
  std::string skipped_;      // the last logged error about a skipped object
};

}  // namespace kube
