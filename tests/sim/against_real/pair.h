// Sends one sequence of requests to the real API server and to a simulated one of its own, and
// compares every answer and what a watch says. One owner, the run; one thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include "kube/transport.h"
#include "sim/against_real/report.h"
#include "sim/against_real/sequence.h"

namespace against_real {

struct Difference {
  std::size_t step = 0;  // as many as there are steps: the watch
  std::string request;
  std::string real;
  std::string fake;
};

// Where a sequence runs: what no other one that runs at the same time may use.
struct Place {
  std::string space;   // a namespace, made for it
  int first_port = 0;  // of kPortsOfASequence; the address goes with it
};
inline constexpr int kFirstPort = 30000;
inline constexpr int kPortsOfASequence = 3;

// Nothing: there was no difference but explained ones. Throws when the real one gives no answer.
boost::asio::awaitable<std::optional<Difference>> compare(kube::Transport& real, Report& report,
                                                          Sequence sequence, Place place);

}  // namespace against_real
