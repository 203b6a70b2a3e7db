// KubectlForward reaches a port of the registry's pod through the API server, with `kubectl
// port-forward`. When kubectl ends, KubectlForward starts it again with the same local port, to the
// pod that runs then. It also stops kubectl when the pod ends or is replaced: kubectl does not
// notice that, and its connections would wait forever. The destructor stops kubectl. A
// KubectlForward has one owner and is used on the thread of the io_context.
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

#include "async/child_process.h"
#include "async/signal.h"
#include "base/clock.h"
#include "cli/cluster/connection.h"
#include "cli/terminal/outcome.h"
#include "cli/terminal/output.h"

namespace cli {

struct ForwardTarget {
  std::string namespace_name;
  std::string resource;  // "pod/registry-x"
  int port = 0;
  std::string uid;  // of the pod; a StatefulSet's next pod has the same name

  bool operator==(const ForwardTarget&) const = default;
};

// Returns the arguments of kubectl for a port-forward. If `local_port` is 0, kubectl chooses a free
// port. Pure.
std::vector<std::string> forward_arguments(const Connection& connection,
                                           const ForwardTarget& target, std::uint16_t local_port);

// Returns the local port in a line such as "Forwarding from 127.0.0.1:40001 -> 5000"; 0 for any
// other line. Pure.
std::uint16_t forwarded_port(std::string_view line);

enum class ForwardLine {
  kRoutine,  // kubectl listens, or has accepted a connection
  kProblem,  // an error that ends kubectl
  kLog,      // from klog: an error of one connection; appears after successful pushes, too
  kOther,    // any other line, such as a prompt of a credential plugin
};

// Classifies a line that `kubectl port-forward` prints. Pure.
ForwardLine kind_of_line(std::string_view line);

class KubectlForward {
 public:
  // A Find returns the pod to forward to; kNotReady: no pod runs. It is called before each start of
  // kubectl, and every limits::kForwardCheck while kubectl listens.
  using Find = std::function<boost::asio::awaitable<Outcome<ForwardTarget>>()>;

  // `clock`, `console` and everything that `find` refers to must outlive the object.
  KubectlForward(boost::asio::any_io_executor executor, base::Clock& clock, Console& console,
                 Connection connection, Find find);
  KubectlForward(const KubectlForward&) = delete;
  KubectlForward& operator=(const KubectlForward&) = delete;
  ~KubectlForward();

  // Starts kubectl and returns once it listens. kFailure: kubectl is not on PATH, ended, or did not
  // listen within limits::kForwardStart; the message has the reason. Other errors: those of `find`.
  boost::asio::awaitable<Outcome<>> start();

  // Restarts kubectl whenever it ends; to be called after start(). Returns when no pod could be
  // reached for limits::kForwardLost; failure() then has the reason. Throws
  // boost::system::system_error when it is cancelled.
  boost::asio::awaitable<void> run();

  // Returns the failure that ended run(); nullopt before run() has returned.
  const std::optional<Failure>& failure() const { return failure_; }

  // Returns once kubectl listens and a check of the pod that began after this call is done. The
  // check must have found the pod still running, or got no answer. To be called while run() runs.
  boost::asio::awaitable<void> wait_for_confirmation();

  // Returns the number of pods that were forwarded to so far. An image that was pushed to an
  // earlier pod may be lost.
  int pods() const { return pods_; }

  std::uint16_t port() const { return port_; }

 private:
  boost::asio::awaitable<Outcome<>> start_process();
  boost::asio::awaitable<Outcome<>> wait_for_port();
  boost::asio::awaitable<base::Result<std::string>> read_line(
      async::ChildProcess::Instant deadline);
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
  std::unique_ptr<async::ChildProcess> process_;
  bool listens_ = false;
  int checks_ = 0;  // number of pod checks that have begun
  // The number of the last check that confirmed the pod, or got no answer.
  int last_confirmed_ = 0;
  async::Signal confirms_;   // notified when last_confirmed_ changes
  async::Signal check_now_;  // requests a check before limits::kForwardCheck is over
  std::string unread_;       // the incomplete last line of kubectl's output
  std::string problem_;      // the last problem that kubectl reported
  std::optional<Failure> failure_;
  std::uint16_t port_ = 0;
  int pods_ = 0;
};

}  // namespace cli
