// Cluster owns a ClusterSession for the cluster of a kubeconfig, and every object that the
// ClusterSession refers to. A Cluster has one owner and is used on the thread that calls run().
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/environment.h"
#include "base/random.h"
#include "cli/cluster/connection.h"
#include "cli/cluster/session.h"
#include "cli/terminal/loop.h"
#include "cli/terminal/outcome.h"

namespace cli {

class Cluster {
 public:
  // Reads the kubeconfig as kubectl does; in a pod without a kubeconfig, uses the service account.
  // Does not connect yet. kConfiguration: there is no usable configuration. `environment` and
  // `console` must outlive the Cluster.
  static Outcome<std::unique_ptr<Cluster>> make(const Connection& connection,
                                                const std::string& version,
                                                const base::EnvironmentVariables& environment,
                                                Console& console);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;
  ~Cluster();

  const ClusterSession& session() const { return *session_; }

  // See Loop::run.
  template <class T>
  T run(boost::asio::awaitable<T> coroutine) {
    return loop_.run(std::move(coroutine));
  }

 private:
  Cluster() = default;

  base::Logger logger_{base::LogLevel::kWarning, base::LogFormat::kText};
  base::SystemClock clock_;
  base::Random random_ = base::Random::from_device();
  Loop loop_;
  std::unique_ptr<kube::Transport> transport_;
  std::optional<ClusterSession> session_;
};

}  // namespace cli
