#include "cli/pods.h"

#include <fmt/core.h>

#include "api/core.h"
#include "cli/registries.h"

namespace cli {
namespace {

bool is_ready(const api::Pod& pod) {
  const api::Condition* ready = api::find_condition(pod.status.conditions, "Ready");
  return ready != nullptr && ready->status == "True";
}

}  // namespace

boost::asio::awaitable<Outcome<std::string>> find_pod(const Session& session,
                                                      std::string namespace_name,
                                                      std::string instance) {
  // As the Service selects them: the instance alone may be another application's.
  auto listing = session.kube.client.list<api::Pod>(
      {.namespace_name = namespace_name,
       .label_selector =
           "app.kubernetes.io/name=local-registry,app.kubernetes.io/instance=" + instance});
  const base::Result<kube::List<api::Pod>> pods = co_await std::move(listing);
  if (!pods) co_return explain(pods.error(), session);
  const api::Pod* found = nullptr;
  for (const api::Pod& pod : pods->items) {
    if (pod.metadata.deletion_timestamp || pod.status.phase != "Running") continue;
    if (found == nullptr || is_ready(pod)) found = &pod;
  }
  if (found != nullptr) co_return found->metadata.name;
  co_return Failure{ExitCode::kNotReady,
                    fmt::format("no pod of the registry {} runs in namespace {}: see `kubectl "
                                "localregistry status`",
                                instance, namespace_name)};
}

}  // namespace cli
