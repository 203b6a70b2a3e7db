// This file declares the two clusters that a sequence of moves runs in: a real API server with a
// real controller manager, and a simulated one. The run owns them; one thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/transport.h"
#include "sim/controllers.h"
#include "sim/controllers_real/moves.h"
#include "sim/controllers_real/view.h"

namespace controllers_real {

// Returns the requests of a move in a namespace that holds these objects.
std::vector<kube::Request> requests_for(const Move& move, const std::string& space,
                                        const Objects& objects);

// The real cluster, with the objects that its watches reported in the namespaces of this run.
class RealCluster {
 public:
  RealCluster(kube::Transport& transport, base::Clock& clock, std::string prefix)
      : transport_(transport), clock_(clock), prefix_(std::move(prefix)) {}

  static const std::vector<std::string>& plurals();

  // Watches the objects of one type and keeps them up to date. Throws when the watch ends.
  boost::asio::awaitable<void> follow(std::string plural);

  // Returns the HTTP status of the answer. Throws if no answer arrives.
  boost::asio::awaitable<int> send(kube::Request request);

  const Objects& objects(const std::string& space) { return spaces_[space].objects; }
  base::Clock::Duration quiet_for(const std::string& space) {
    return clock_.now() - spaces_[space].changed;
  }
  void forget(const std::string& space) { spaces_.erase(space); }

 private:
  struct Space {
    Objects objects;
    base::Clock::Instant changed{};
  };

  void see(const std::string& plural, const std::string& line);

  kube::Transport& transport_;
  base::Clock& clock_;
  std::string prefix_;  // of namespaces
  std::map<std::string, Space> spaces_;
};

// A simulated cluster for one sequence. It has no simulated node.
class SimulatedCluster {
 public:
  SimulatedCluster(std::string space, std::uint64_t seed);

  int send(const kube::Request& request) { return server_.handle(request, "user").status; }

  // Lets the controllers do all work that is due. Returns false if they do not come to rest.
  bool settle();

  Objects objects() const;

 private:
  std::string space_;
  sim::ApiServer server_;
  sim::Chance chance_;
  sim::Controllers controllers_;
};

}  // namespace controllers_real
