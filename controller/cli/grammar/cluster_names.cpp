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

// Returns null if there is no usable kubeconfig. The request timeout is short, because the user
// waits for the completion.
std::unique_ptr<Cluster> connect(const ClusterSelection& selection,
                                 const base::EnvironmentVariables& environment, Console& console) {
  Connection connection = selection.connection;
  connection.request_timeout = limits::kCompletionTimeout;
  auto cluster = Cluster::make(connection, "", environment, console);
  return cluster ? *std::move(cluster) : nullptr;
}

}  // namespace

Words ClusterNames::registries(const ClusterSelection& selection) {
  std::ostringstream ignored;
  Console console{ignored, ignored};
  const auto cluster = connect(selection, environment_, console);
  if (!cluster) return {};
  const ClusterSession& session = cluster->session();
  return cluster->run(list_names<api::LocalRegistry>(session, session.namespace_name));
}

Words ClusterNames::images(const ClusterSelection& selection) {
  std::ostringstream ignored;
  Console console{ignored, ignored};
  const auto cluster = connect(selection, environment_, console);
  return cluster ? cluster->run(list_images(cluster->session(), selection.registry)) : Words();
}

Words ClusterNames::contexts(const ClusterSelection& selection) {
  const auto names = kube::context_names(selection.connection.kubeconfig, environment_);
  return names ? *names : Words();
}

Words ClusterNames::namespaces(const ClusterSelection& selection) {
  std::ostringstream ignored;
  Console console{ignored, ignored};
  const auto cluster = connect(selection, environment_, console);
  return cluster ? cluster->run(list_names<api::Namespace>(cluster->session(), "")) : Words();
}

}  // namespace cli
