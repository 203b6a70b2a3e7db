// The network between one replica and the API server: a Transport whose messages take their time,
// get lost and are told late, as a plan of faults has it.
//
// A request that was sent takes effect although its sender is gone by then. Answers and watch
// events come in any order between connections, and in order on each.
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

// What becomes of one exchange.
enum class Fate {
  kAnswered,         // as it should be
  kLost,             // the request never arrives: the connection breaks
  kUnanswered,       // it takes effect; the connection breaks before the answer comes
  kSilence,          // it takes effect; nothing comes back until the client gives up
  kRefused,          // 500, without an effect
  kFailedLate,       // 504, although it has taken effect
  kThrottled,        // 429 with Retry-After, without an effect
  kConflict,         // 409, without an effect: somebody else was faster
  kCrashBefore,      // the sender dies before it sends
  kCrashUnanswered,  // the sender dies while the answer is on its way
  kCrashAnswered,    // the sender dies just after it has the answer
};

// How messages travel.
struct Delays {
  base::Clock::Duration request_least = std::chrono::microseconds(200);
  base::Clock::Duration request_most = std::chrono::milliseconds(4);
  base::Clock::Duration event_least = std::chrono::microseconds(100);
  base::Clock::Duration event_most = std::chrono::milliseconds(20);
};

// What a link asks the world. Outlives the link.
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

  // Asked about each exchange but a watch; none: all is answered.
  std::function<Fate(const kube::Request&)> fate;

  // Called with what the API server answers, whether or not the answer arrives. Set by the world.
  std::function<void(const kube::Request&, const kube::Response&)> answered;

  // The sender dies, at once. Set by the world.
  std::function<void()> crash;

  // The state that a new watch is told of first: what a lagging server knows.
  std::function<Revision(const std::string& target)> as_of;

  Delays delays;

  boost::asio::awaitable<base::Result<kube::Response>> send(kube::Request request) override;
  boost::asio::awaitable<base::Result<kube::Opened>> open(kube::Request request) override;

  // Nothing is sent or heard any more, for good: its process is gone.
  void die();

  // Packets are dropped: neither answers nor events nor ends. false: they come again.
  void set_silent(bool silent) { silent_ = silent; }

  // All watches break, some of them in the middle of a line.
  void cut_watches();

  // Events of watches of that resource are held back for that long from now on.
  void set_lag(std::string plural, base::Clock::Duration lag);

  // Told by the world of each change.
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

// "deployments", from a path and query of the API.
std::string plural_of(std::string_view target);

// The Lease and events are written for other reasons than a registry.
bool is_counted(const kube::Request& request);
bool is_counted_write(const kube::Request& request);

}  // namespace sim
