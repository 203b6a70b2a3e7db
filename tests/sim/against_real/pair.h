// This file sends one sequence of requests to the real API server and to a new simulated one, and
// compares every answer and the events of a watch. One thread.
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
  std::size_t step = 0;  // the number of steps if the watch differs
  std::string request;
  std::string real;
  std::string fake;
};

// The place in which a sequence runs. Sequences that run at the same time must not share it.
struct Place {
  std::string space;   // a namespace that is created for it
  int first_port = 0;  // first of kPortsOfASequence node ports; the address follows from it
};
inline constexpr int kFirstPort = 30000;
inline constexpr int kPortsOfASequence = 3;

// Returns the first unexplained difference; nullopt if there is none. Throws if the real API server
// does not answer.
boost::asio::awaitable<std::optional<Difference>> compare(kube::Transport& real, Report& report,
                                                          Sequence sequence, Place place);

}  // namespace against_real
