// This file runs credential plugins: programs named in a kubeconfig that print an ExecCredential
// (client.authentication.k8s.io/v1 and v1beta1, KEP-541).
//
// The plugin gets its arguments and environment variables from the kubeconfig, and in addition the
// variable KUBERNETES_EXEC_INFO. It shares the standard error of this process. It also shares the
// standard input if this is a terminal and interactiveMode lets the plugin ask a person; otherwise
// its standard input is /dev/null. When the coroutine is cancelled or the timeout expires, the
// plugin is killed. The processes that the plugin started are killed too, unless the plugin shares
// the terminal. Plugins are run on the thread of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "kube/config/config.h"

namespace kube {

struct ExecCredential {
  std::string token;
  std::string certificate;  // PEM
  std::string key;          // PEM
  std::optional<base::Time> expires;

  bool operator==(const ExecCredential&) const = default;
};

// An ExecCluster describes the cluster to a plugin with provideClusterInfo.
struct ExecCluster {
  std::string server;
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string ca;  // PEM
  std::string proxy;
};

// Returns the value of KUBERNETES_EXEC_INFO.
std::string exec_info(const ExecPlugin& plugin, const ExecCluster& cluster, bool interactive);

// Returns an error with the message "credential plugin NAME: WHAT" and a cause kNoCredentials.
base::Error plugin_error(const ExecPlugin& plugin, base::ErrorCode code, std::string_view what);

// A cause with this reason means that no request was sent, for lack of credentials.
inline constexpr std::string_view kNoCredentials = "NoCredentials";

// Returns whether an error has a cause kNoCredentials. Such an error comes neither from the API
// server nor from the network.
bool has_no_credentials(const base::Error& error);

// Decodes the output of the plugin. kMalformed: the output is not a usable ExecCredential; the
// message names the field, but not its value.
base::Result<ExecCredential> parse_exec_credential(const ExecPlugin& plugin, std::string output);

// Runs the plugin and decodes its output. kUnauthorized: the program cannot be run, or it failed.
// kTooLarge: its output exceeds limits::kExecPluginBytes. kTimeout: it ran too long. kMalformed:
// its output cannot be decoded. `plugin` outlives the awaitable. Cancellation throws
// boost::system::system_error (operation_aborted).
boost::asio::awaitable<base::Result<ExecCredential>> run_exec_plugin(
    const ExecPlugin& plugin, ExecCluster cluster, std::chrono::milliseconds timeout,
    boost::asio::any_io_executor executor);

}  // namespace kube
