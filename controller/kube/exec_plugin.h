// Credential plugins: a program named in a kubeconfig that prints an ExecCredential
// (client.authentication.k8s.io/v1 and v1beta1, KEP-541).
//
// The program is run with its arguments and environment and with KUBERNETES_EXEC_INFO; standard
// error is the operator's own, standard input is closed unless it may ask a person. It is killed,
// with the processes it started, when the coroutine is cancelled or when it takes longer than
// limits::kExecPluginTimeout. On the thread of the io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "kube/config.h"

namespace kube {

struct ExecCredential {
  std::string token;
  std::string certificate;  // PEM
  std::string key;          // PEM
  std::optional<base::Time> expires;

  bool operator==(const ExecCredential&) const = default;
};

// What the plugin is told of the cluster (provideClusterInfo).
struct ExecCluster {
  std::string server;
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string ca;  // PEM
  std::string proxy;
};

// The value of KUBERNETES_EXEC_INFO.
std::string exec_info(const ExecPlugin& plugin, const ExecCluster& cluster, bool interactive);

// "credential plugin NAME: what".
base::Error plugin_error(const ExecPlugin& plugin, base::ErrorCode code, std::string_view what);

// The reason of a cause of an error that means: no request was sent, for lack of credentials.
inline constexpr std::string_view kNoCredentials = "NoCredentials";

// Whether an error has such a cause: it is neither of the API server nor of the way to it.
bool has_no_credentials(const base::Error& error);

// What the plugin printed. kMalformed with the field; the message never repeats a value.
base::Result<ExecCredential> parse_exec_credential(const ExecPlugin& plugin, std::string output);

// Runs the plugin. kUnauthorized: it is not there, or failed; kTimeout; kTooLarge; kMalformed.
// The plugin has to live until this returns. Throws boost::system::system_error
// (operation_aborted) when the awaiting coroutine is cancelled.
boost::asio::awaitable<base::Result<ExecCredential>> run_exec_plugin(
    const ExecPlugin& plugin, ExecCluster cluster, std::chrono::milliseconds timeout,
    boost::asio::any_io_executor executor);

}  // namespace kube
