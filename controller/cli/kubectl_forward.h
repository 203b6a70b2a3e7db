// A way to a port of the registry's pod through the API server: `kubectl port-forward`. It is
// started again when it ends, always with the same port on this machine, and to the pod that runs
// then. It is also ended when the pod ends or is replaced: kubectl does not notice that, and its
// connections would wait for ever. One owner; on the thread of the io_context. Ended by the
// destructor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/connection.h"
#include "cli/outcome.h"
#include "cli/output.h"
#include "kube/child_process.h"
#include "kube/parallel.h"

namespace cli {

struct ForwardTarget {
  std::string namespace_name;
  std::string resource;  // "pod/registry-x"
  int port = 0;
  std::string uid;  // of the pod: that of a StatefulSet has the same name as the one before

  bool operator==(const ForwardTarget&) const = default;
};

// The words of `kubectl port-forward`, without "kubectl"; local_port 0: any. Pure.
std::vector<std::string> forward_arguments(const Connection& connection,
                                           const ForwardTarget& target, std::uint16_t local_port);

// The port in "Forwarding from 127.0.0.1:40001 -> 5000"; 0: there is none. Pure.
std::uint16_t forwarded_port(std::string_view line);

enum class ForwardLine {
  kRoutine,  // that it listens, that there is a connection
  kProblem,  // why the forward has ended
  kLog,      // of klog: an error of one connection, which it reports after each good push as well
  kOther,    // all else, as what a credential plugin asks the user
};

// What a line of `kubectl port-forward` is about. Pure.
ForwardLine kind_of_line(std::string_view line);

class KubectlForward {
 public:
  // Finds the pod to forward to; kNotReady: none runs. Called before each start, and every
  // limits::kForwardCheck while it listens.
  using Find = std::function<boost::asio::awaitable<Outcome<ForwardTarget>>()>;

  // clock, console and what `find` refers to outlive it.
  KubectlForward(boost::asio::any_io_executor executor, base::Clock& clock, Console& console,
                 Connection connection, Find find);
  KubectlForward(const KubectlForward&) = delete;
  KubectlForward& operator=(const KubectlForward&) = delete;
  ~KubectlForward();

  // Returns once it listens. kFailure: there is no kubectl, or it ended; the message has its
  // reason. Otherwise the error of `find`.
  boost::asio::awaitable<Outcome<>> start();

  // Keeps it running. Returns when no pod could be reached for limits::kForwardLost; failure() says
  // why. Throws boost::system::system_error when it is cancelled. After start().
  boost::asio::awaitable<void> run();

  // Set once run() has returned.
  const std::optional<Failure>& failure() const { return failure_; }

  // Returns once it listens, and a check of the pod that began after this call has found that the
  // pod still runs, or has got no answer. To be called while run() runs.
  boost::asio::awaitable<void> confirmed();

  // Counts the pods that were forwarded to: an image that was pushed to an earlier one may be lost.
  int pods() const { return pods_; }

  std::uint16_t port() const { return port_; }

 private:
  boost::asio::awaitable<Outcome<>> start_process();
  boost::asio::awaitable<Outcome<>> wait_for_port();
  boost::asio::awaitable<base::Result<std::string>> read_line(kube::ChildProcess::Instant deadline);
  boost::asio::awaitable<Outcome<ForwardTarget>> check_pod();
  void confirm();
  boost::asio::awaitable<void> follow_output();
  boost::asio::awaitable<void> follow_pod();
  boost::asio::awaitable<void> connect_again();
  void take(const std::string& line);

  boost::asio::any_io_executor executor_;
  base::Clock& clock_;
  Console& console_;
  Connection connection_;
  Find find_;
  ForwardTarget target_;
  std::unique_ptr<kube::ChildProcess> process_;
  bool listens_ = false;
  int checks_ = 0;          // of the pod, that have begun
  int last_confirmed_ = 0;  // the number of the last check that did not find that the pod has ended
  kube::Signal confirms_;   // last_confirmed_ has changed
  kube::Signal check_now_;  // the next check is due before limits::kForwardCheck is over
  std::string unread_;      // of its output: less than a line
  std::string problem_;     // the last one that it reported
  std::optional<Failure> failure_;
  std::uint16_t port_ = 0;
  int pods_ = 0;
};

}  // namespace cli
