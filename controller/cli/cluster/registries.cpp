#include "cli/cluster/registries.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <ostream>

#include "base/text/quote.h"
#include "kube/config/exec_plugin.h"
#include "kube/status.h"

namespace cli {
namespace {

using Registry = api::LocalRegistry;

Outcome<Registry> only_one(std::vector<Registry> found, const std::string& namespace_name) {
  if (found.empty()) {
    return Failure{ExitCode::kNotFound,
                   fmt::format("no LocalRegistry in namespace {}: apply one, or choose another "
                               "namespace with -n",
                               base::shown(namespace_name))};
  }
  if (found.size() == 1) return std::move(found.front());
  std::vector<std::string> names;
  names.reserve(found.size());
  for (const Registry& registry : found) names.push_back(registry.metadata.name);
  return Failure{ExitCode::kUsage,
                 fmt::format("namespace {} has several LocalRegistries: name one of {} with "
                             "--registry",
                             base::shown(namespace_name),
                             base::reported(fmt::format("{}", fmt::join(names, ", "))))};
}

}  // namespace

Failure explain(const base::Error& error, const ClusterSession& session) {
  const std::string identity = session.context.empty()
                                   ? "the pod's service account"
                                   : fmt::format("context {}", base::shown(session.context));
  if (kube::is_missing_type(error)) {
    return {
        ExitCode::kNotFound,
        "the cluster has no CRD for LocalRegistries: install the chart local-registry-operator"};
  }
  if (kube::has_no_credentials(error)) {
    return {ExitCode::kFailure, fmt::format("no credentials for {}: {}", identity, error.message)};
  }
  Failure failure = failure_of(error);
  switch (error.code) {
    case base::ErrorCode::kNetwork:
    case base::ErrorCode::kTimeout:
    case base::ErrorCode::kTls:
      failure.message = fmt::format("the API server cannot be reached: {}", error.message);
      break;
    case base::ErrorCode::kUnauthorized:
      failure.message = fmt::format("the API server does not accept the credentials of {}: {}",
                                    identity, error.message);
      break;
    default: break;
  }
  return failure;
}

boost::asio::awaitable<Outcome<Registry>> find_registry(const ClusterSession& session,
                                                        std::string name) {
  if (!name.empty()) {
    auto getting = session.kube.client.get<Registry>({session.namespace_name, name});
    base::Result<Registry> registry = co_await std::move(getting);
    if (registry) co_return *std::move(registry);
    if (registry.error().code != base::ErrorCode::kNotFound) {
      co_return explain(registry.error(), session);
    }
    co_return Failure{
        ExitCode::kNotFound,
        fmt::format("no LocalRegistry {} in namespace {}: see `kubectl get localregistries`",
                    base::shown(name), base::shown(session.namespace_name))};
  }
  auto listing = session.kube.client.list<Registry>({.namespace_name = session.namespace_name});
  base::Result<kube::List<Registry>> list = co_await std::move(listing);
  if (!list) co_return explain(list.error(), session);
  co_return only_one(std::move(list->items), session.namespace_name);
}

boost::asio::awaitable<Outcome<int>> print_whole(const ClusterSession& session, api::ObjectKey key,
                                                 Output output) {
  const api::ResourceType& type = api::Resource<Registry>::kType;
  auto exchanging = session.kube.client.exchange(type, kube::get_request(type, key));
  base::Result<json::Document> document = co_await std::move(exchanging);
  if (!document) co_return explain(document.error(), session);
  session.console.out << print_object(document->root(), output);
  co_return 0;
}

std::string print_name(const Registry& registry) {
  return fmt::format("localregistry.localregistry.dev/{}", registry.metadata.name);
}

}  // namespace cli
