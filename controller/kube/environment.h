// An Environment bundles the dependencies that the coroutines of this layer share. main() or a test
// creates it. The objects that an Environment refers to outlive all of its copies.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "kube/client.h"

namespace kube {

struct Environment {
  boost::asio::any_io_executor executor;  // executor of the only io_context
  Client client;
  base::Clock& clock;
  base::Random& random;
  base::Logger& logger;
};

}  // namespace kube
