// What everything that runs in this layer needs of the program: one bundle of references, made by
// main or a test, which owns what it refers to and outlives whoever has a copy.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "kube/client.h"

namespace kube {

struct Environment {
  boost::asio::any_io_executor executor;  // of the one io_context
  Client client;
  base::Clock& clock;
  base::Random& random;
  base::Logger& logger;
};

}  // namespace kube
