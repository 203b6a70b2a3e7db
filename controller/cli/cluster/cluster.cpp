#include "cli/cluster/cluster.h"

#include <fmt/core.h>

#include "cli/binary.h"
#include "kube/config/kubeconfig.h"
#include "kube/https_transport.h"

namespace cli {
namespace {

base::Result<kube::ClientConfig> load(const Connection& connection,
                                      const base::EnvironmentVariables& environment) {
  auto config = kube::load_kubeconfig({connection.kubeconfig, connection.context}, environment);
  if (config || config.error().code != base::ErrorCode::kNotFound ||
      !connection.kubeconfig.empty() || !connection.context.empty()) {
    return config;
  }
  auto in_cluster = kube::in_cluster_config(environment, std::string(kube::kServiceAccountFolder));
  return in_cluster ? in_cluster : config;
}

}  // namespace

Cluster::~Cluster() = default;

Outcome<std::unique_ptr<Cluster>> Cluster::make(const Connection& connection,
                                                const std::string& version,
                                                const base::EnvironmentVariables& environment,
                                                Console& console) {
  auto config = load(connection, environment);
  if (!config) return Failure{ExitCode::kConfiguration, config.error().message};
  config->user_agent = fmt::format("{}/{}", kBinary, version);
  std::unique_ptr<Cluster> cluster(new Cluster);
  auto transport = kube::make_https_transport(*config, cluster->clock_, cluster->logger_,
                                              cluster->loop_.executor());
  if (!transport) return Failure{ExitCode::kConfiguration, transport.error().message};
  cluster->transport_ = *std::move(transport);
  const kube::Client client =
      kube::Client(*cluster->transport_).with_timeout(connection.request_timeout);
  const std::string& chosen = connection.namespace_name;
  cluster->session_.emplace(
      ClusterSession{kube::Environment{cluster->loop_.executor(), client, cluster->clock_,
                                       cluster->random_, cluster->logger_},
                     *cluster->transport_, chosen.empty() ? config->namespace_name : chosen,
                     config->context, environment, console});
  return cluster;
}

}  // namespace cli
