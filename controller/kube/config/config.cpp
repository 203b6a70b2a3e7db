#include "kube/config/config.h"

#include <fmt/core.h>

#include <boost/asio/ip/address.hpp>

#include "base/limits.h"
#include "base/text/text.h"
#include "kube/config/kubeconfig.h"

namespace kube {

using base::invalid;

base::Result<ClientConfig> in_cluster_config(const EnvironmentVariables& environment,
                                             const std::string& folder) {
  const std::string host = base::variable(environment, "KUBERNETES_SERVICE_HOST");
  const std::string port = base::variable(environment, "KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return base::Error{base::ErrorCode::kNotFound,
                       "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not "
                       "set"};
  }
  ClientConfig config;
  const auto server = parse_server_url("https://" + net::with_brackets(host) + ":" + port);
  if (!server) {
    return invalid("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: " +
                   server.error().message);
  }
  config.server = *server;
  config.token_file = folder + "/token";
  config.ca.file = folder + "/ca.crt";
  for (const std::string& file : {config.token_file, config.ca.file}) {
    const auto content = read_credential_file(file);
    if (!content) return invalid("service account: " + content.error().message);
  }
  if (const auto name = read_credential_file(folder + "/namespace"); name) {
    config.namespace_name = base::trimmed(*name);
  }
  const auto proxy = proxy_from_environment(config.server, environment);
  if (!proxy) return proxy.error();
  config.proxy = *proxy;
  config.origin = "in-cluster";
  return config;
}

base::Result<ClientConfig> load_config(const ConfigChoice& choice,
                                       const EnvironmentVariables& environment) {
  std::string why_not_in_cluster;
  if (choice.kubeconfig.empty() && choice.context.empty()) {
    auto config = in_cluster_config(environment, choice.service_account_folder);
    if (config) return config;
    if (config.error().code == base::ErrorCode::kInvalid) {
      why_not_in_cluster = config.error().message;
    }
  }
  auto config = load_kubeconfig({choice.kubeconfig, choice.context}, environment);
  if (!config && config.error().code == base::ErrorCode::kNotFound && !why_not_in_cluster.empty()) {
    return invalid(why_not_in_cluster);
  }
  return config;
}

}  // namespace kube
