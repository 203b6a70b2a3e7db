// A way to a port of a pod through the API server: `kubectl port-forward`, which is started again
// when it ends, always with the same port on this machine. One owner; on the thread of the
// io_context. Ended by the destructor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/connection.h"
#include "cli/outcome.h"
#include "kube/child_process.h"

namespace cli {

struct ForwardTarget {
  std::string namespace_name;
  std::string resource;  // "pod/registry-x"
  int port = 0;
};

// The words of `kubectl port-forward`, without "kubectl"; local_port 0: any. Pure.
std::vector<std::string> forward_arguments(const Connection& connection,
                                           const ForwardTarget& target, std::uint16_t local_port);

// The port in "Forwarding from 127.0.0.1:40001 -> 5000"; 0: there is none. Pure.
std::uint16_t forwarded_port(std::string_view output);

class KubectlForward {
 public:
  // clock outlives it.
  KubectlForward(boost::asio::any_io_executor executor, base::Clock& clock, Connection connection,
                 ForwardTarget target);
  KubectlForward(const KubectlForward&) = delete;
  KubectlForward& operator=(const KubectlForward&) = delete;
  ~KubectlForward();

  // Returns once it listens. kFailure: there is no kubectl, or it ended; why is on standard error.
  boost::asio::awaitable<Outcome<>> start();

  // Keeps it running until it is cancelled, which throws boost::system::system_error. After
  // start().
  boost::asio::awaitable<void> run();

  std::uint16_t port() const { return port_; }

 private:
  boost::asio::any_io_executor executor_;
  base::Clock& clock_;
  Connection connection_;
  ForwardTarget target_;
  std::unique_ptr<kube::ChildProcess> process_;
  std::uint16_t port_ = 0;
};

}  // namespace cli
