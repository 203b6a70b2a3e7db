// Finds the address ranges of the cluster's Services, so that no push check connects to them.
//
// The ranges come from the ServiceCIDR objects (Kubernetes 1.33 and later) if the operator may list
// them. Otherwise they are guessed: the Service `kubernetes` has the first address of the Service
// network, so the guess is the largest network that can begin at that address.
// One owner (the program). Used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

#include "kube/environment.h"
#include "registry/policy.h"

namespace controller {

class ServiceNetwork {
 public:
  using Changed = std::function<void(registry::Networks)>;

  // `kubernetes_address`: the address of the Service `kubernetes`, from KUBERNETES_SERVICE_HOST in
  // a pod; empty: it is read from the API server. `changed` is called when the networks are known
  // for the first time, and whenever they change.
  ServiceNetwork(const kube::Environment& environment, std::string kubernetes_address,
                 Changed changed);

  // Returns once the networks are known. Retries while the API server cannot be reached.
  boost::asio::awaitable<void> detect();

  // Reads the networks again every limits::kServiceNetworkCheck, until it is cancelled.
  boost::asio::awaitable<void> run();

 private:
  boost::asio::awaitable<base::Result<std::vector<std::string>>> read();
  boost::asio::awaitable<base::Result<std::vector<std::string>>> guess();

  kube::Environment environment_;
  std::string kubernetes_address_;
  Changed changed_;
  std::vector<std::string> known_;
};

}  // namespace controller
