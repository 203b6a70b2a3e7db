// Which addresses are the cluster's Services', so that no push check goes there.
//
// From the ServiceCIDR objects (Kubernetes 1.33 and later) where the operator may list them. Else
// from the address of the Service `kubernetes`, which is the first of the Service network: then the
// largest network that may begin there.
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

  // kubernetes_address: of the Service `kubernetes`, as pods find it in KUBERNETES_SERVICE_HOST;
  // empty: it is read from the API server. changed is called when the networks are known, and
  // whenever they are others.
  ServiceNetwork(const kube::Environment& environment, std::string kubernetes_address,
                 Changed changed);

  // Returns once the networks are known. Tries until the API server answers.
  boost::asio::awaitable<void> learn();

  // Learns again from time to time, until it is cancelled.
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
