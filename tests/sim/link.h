// Link simulates the network between one replica and the API server. It is a Transport that delays,
// loses and delivers messages as a plan of faults decides.
//
// A request that was sent takes effect even if its sender is gone by then. Messages of different
// connections arrive in any order, those of one connection in the order in which they were sent.
// One thread.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "kube/transport.h"
#include "sim/api_server.h"
#include "sim/scheduler.h"
#include "sim/trace.h"

namespace sim {

// What happens to one request and its answer.
enum class Fate {
  kAnswered,         // it takes effect and the answer arrives
  kLost,             // the connection breaks before the request arrives
  kUnanswered,       // it takes effect; the connection breaks before the answer arrives
  kSilence,          // it takes effect; no answer arrives before the client's timeout
  kRefused,          // the answer is 500; it has no effect
  kFailedLate,       // the answer is 504, although it takes effect
  kThrottled,        // the answer is 429 with Retry-After; it has no effect
  kConflict,         // the answer is 409, as after a write by another client; it has no effect
  kCrashBefore,      // the sender crashes before it sends the request
  kCrashUnanswered,  // the sender crashes while the answer is on its way
  kCrashAnswered,    // the sender crashes just after it received the answer
};

// How long messages take, drawn between the bounds.
struct Delays {
  base::Clock::Duration request_least = std::chrono::microseconds(200);
  base::Clock::Duration request_max = std::chrono::milliseconds(4);
  base::Clock::Duration event_least = std::chrono::microseconds(100);
  base::Clock::Duration event_max = std::chrono::milliseconds(20);
};

// The parts of the world that a link uses. They outlive the link.
struct LinkHost {
  Scheduler& scheduler;
  ApiServer& server;
  Chance& chance;
  Trace& trace;
};

class Link final : public kube::Transport {
 public:
  Link(LinkHost host, std::string user);
  ~Link() override;

  // Decides the fate of each request but a watch. Without it, all requests are answered.
  std::function<Fate(const kube::Request&)> fate;

  // Called with each answer of the API server, whether or not the answer arrives. The world sets
  // it.
  std::function<void(const kube::Request&, const kube::Response&)> answered;

  // Crashes the sender at once. The world sets it.
  std::function<void()> crash;

  // Returns the revision with which a new watch begins: the latest that a lagging server knows.
  std::function<Revision(const std::string& target)> as_of;

  Delays delays;

  boost::asio::awaitable<base::Result<kube::Response>> send(kube::Request request) override;
  boost::asio::awaitable<base::Result<kube::Opened>> open(kube::Request request) override;

  // Ends the link, because its process is gone: nothing is sent or received any more.
  void die();

  // While `silent`, all packets are dropped: the client gets neither answers nor events nor the end
  // of a watch.
  void set_silent(bool silent) { silent_ = silent; }

  // Breaks all watches; their unread events are lost.
  void cut_watches();

  // From now on, events of watches of this resource arrive later by `lag`.
  void set_lag(std::string plural, base::Clock::Duration lag);

  // The world calls it with each change, so that the watches deliver it.
  void changed(const Change& change);

 private:
  struct Exchange;
  struct Feed;
  class FedStream;

  void deliver(const std::shared_ptr<Exchange>& exchange, Fate chosen);
  base::Clock::Duration event_delay(const std::string& plural);

  LinkHost host_;
  std::string user_;
  std::list<std::weak_ptr<Feed>> feeds_;
  std::vector<std::pair<std::string, base::Clock::Duration>> lags_;
  bool dead_ = false;
  bool silent_ = false;
};

// Returns the plural in a path of the API, such as "deployments"; the query is ignored.
std::string plural_of(std::string_view target);

// True unless the request is about a Lease or an Event. Those are also written when no registry
// changes, so faults and counts leave them out.
bool is_counted(const kube::Request& request);
bool is_counted_write(const kube::Request& request);

}  // namespace sim
