#include "cli/cluster/pods.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <vector>

#include "api/core.h"
#include "cli/cluster/registries.h"

namespace cli {

boost::asio::awaitable<Outcome<api::ObjectMeta>> find_pod(const ClusterSession& session,
                                                          const api::LocalRegistry& registry) {
  const std::string& namespace_name = api::target_namespace(registry);
  std::vector<std::string> selector;
  for (const auto& [label, value] : api::selector_labels(registry)) {
    selector.push_back(fmt::format("{}={}", label, value));
  }
  auto listing = session.kube.client.list<api::Pod>(
      {.namespace_name = namespace_name,
       .label_selector = fmt::format("{}", fmt::join(selector, ","))});
  const base::Result<kube::List<api::Pod>> pods = co_await std::move(listing);
  if (!pods) co_return explain(pods.error(), session);
  const api::Pod* found = nullptr;
  for (const api::Pod& pod : pods->items) {
    if (pod.metadata.deletion_timestamp || pod.status.phase != "Running") continue;
    if (found == nullptr || api::is_true(pod.status.conditions, "Ready")) found = &pod;
  }
  if (found != nullptr) co_return found->metadata;
  co_return Failure{ExitCode::kNotReady,
                    fmt::format("no pod of the registry {} runs in namespace {}: see `kubectl "
                                "localregistry status`",
                                registry.spec.name, namespace_name)};
}

}  // namespace cli
