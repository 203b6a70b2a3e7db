#include "cli/grammar/cluster_names.h"

#include <sstream>

#include "api/core.h"
#include "cli/cluster/cluster.h"
#include "cli/cluster/registries.h"
#include "kube/config/kubeconfig.h"

namespace cli {
namespace {

namespace asio = boost::asio;
using Words = NameSource::Words;

template <class T>
asio::awaitable<Words> list_names(const ClusterSession& session, std::string namespace_name) {
  Words names;
  auto listing = session.kube.client.list<T>({.namespace_name = namespace_name});
  const base::Result<kube::List<T>> list = co_await std::move(listing);
  if (!list) co_return names;
  for (const T& object : list->items) names.push_back(object.metadata.name);
  co_return names;
}

asio::awaitable<Words> list_images(const ClusterSession& session, std::string registry) {
  Words names;
  auto finding = find_registry(session, registry);
  const Outcome<api::LocalRegistry> found = co_await std::move(finding);
  if (!found) co_return names;
  for (const api::ImageSpec& image : found->spec.images) {
    names.push_back(image.name + "\t" + image.image);
  }
  co_return names;
}

// Returns the result of the coroutine make(session); no names when the cluster cannot be reached.
// The request timeout is short, because the user waits for completion.
template <class Make>
Words ask(const ClusterSelection& selection, const base::EnvironmentVariables& environment,
          Make make) {
  std::ostringstream ignored;
  Console console{ignored, ignored};
  Connection connection = selection.connection;
  connection.request_timeout = limits::kCompletionTimeout;
  const auto cluster = Cluster::make(connection, "", environment, console);
  return cluster ? (*cluster)->run(make((*cluster)->session())) : Words();
}

}  // namespace

Words ClusterNames::registries(const ClusterSelection& selection) {
  return ask(selection, environment_, [](const ClusterSession& session) {
    return list_names<api::LocalRegistry>(session, session.namespace_name);
  });
}

Words ClusterNames::images(const ClusterSelection& selection) {
  return ask(selection, environment_, [&](const ClusterSession& session) {
    return list_images(session, selection.registry);
  });
}

Words ClusterNames::contexts(const ClusterSelection& selection) {
  const auto names = kube::context_names(selection.connection.kubeconfig, environment_);
  return names ? *names : Words();
}

Words ClusterNames::namespaces(const ClusterSelection& selection) {
  return ask(selection, environment_,
             [](const ClusterSession& session) { return list_names<api::Namespace>(session, ""); });
}

}  // namespace cli
