#include "operator/push/service_network.h"

#include <fmt/ranges.h>

#include <utility>

#include "api/core.h"
#include "api/networking.h"
#include "base/limits.h"
#include "kube/status.h"

namespace controller {
namespace {

namespace asio = boost::asio;
using Result = base::Result<std::vector<std::string>>;

// Returns whether the error means that the objects do not exist or that the operator may not read
// them. A quick retry is pointless then.
bool is_answer(const base::Error& error) {
  return error.code == base::ErrorCode::kForbidden || error.code == base::ErrorCode::kNotFound ||
         kube::is_missing_type(error);
}

}  // namespace

ServiceNetwork::ServiceNetwork(const kube::Environment& environment, std::string kubernetes_address,
                               Changed changed)
    : environment_(environment),
      kubernetes_address_(std::move(kubernetes_address)),
      changed_(std::move(changed)) {}

asio::awaitable<Result> ServiceNetwork::guess() {
  std::string network = registry::service_network_of(kubernetes_address_);
  if (network.empty()) {
    auto reading = environment_.client.get<api::Service>({"default", "kubernetes"});
    const base::Result<api::Service> service = co_await std::move(reading);
    if (!service && !is_answer(service.error())) co_return service.error();
    if (service) network = registry::service_network_of(service->spec.cluster_ip);
  }
  std::vector<std::string> networks;
  if (!network.empty()) networks.push_back(network);
  co_return networks;
}

asio::awaitable<Result> ServiceNetwork::read() {
  auto listing = environment_.client.list<api::ServiceCidr>({});
  const base::Result<kube::List<api::ServiceCidr>> listed = co_await std::move(listing);
  if (!listed && !is_answer(listed.error())) co_return listed.error();
  std::vector<std::string> networks;
  if (listed) {
    for (const api::ServiceCidr& item : listed->items) {
      networks.insert(networks.end(), item.spec.cidrs.begin(), item.spec.cidrs.end());
    }
  }
  if (!networks.empty()) co_return networks;
  auto guessing = guess();
  auto guessed = co_await std::move(guessing);
  co_return guessed;
}

asio::awaitable<void> ServiceNetwork::detect() {
  while (true) {
    auto reading = read();
    const Result networks = co_await std::move(reading);
    const auto parsed = networks ? registry::Networks::parse(*networks)
                                 : base::Result<registry::Networks>(networks.error());
    if (parsed) {
      if (std::exchange(known_, *networks) == *networks) co_return;
      environment_.logger.info("push checks do not contact the addresses of Services",
                               {{"networks", fmt::format("{}", fmt::join(known_, ","))}});
      changed_(*parsed);
      co_return;
    }
    environment_.logger.debug("cannot determine the Service network",
                              {{"error", base::to_string(parsed.error())}});
    co_await environment_.clock.sleep_for(limits::kNodeRetry);
  }
}

asio::awaitable<void> ServiceNetwork::run() {
  while (true) {
    co_await environment_.clock.sleep_for(limits::kServiceNetworkCheck);
    co_await detect();
  }
}

}  // namespace controller
