// Where the API server is and how to prove who we are: connection settings, and the places they
// come from (a kubeconfig, the service account of the pod).
//
// Values; any thread. They hold secrets: never log them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace kube {

// Names and values of environment variables.
using EnvironmentVariables = std::map<std::string, std::string, std::less<>>;

// Those of this process.
EnvironmentVariables process_environment();

// PEM text, or the file that holds it, which is read again when it changes. The text wins.
struct Pem {
  std::string text;
  std::string file;

  bool empty() const { return text.empty() && file.empty(); }
  bool operator==(const Pem&) const = default;
};

// "https://host:port/base/path". http is for tests and local proxies.
struct ServerUrl {
  bool tls = true;
  std::string host;  // a name or an IP address, without brackets
  std::uint16_t port = 443;
  std::string base_path;  // empty or "/path" without a slash at its end, percent-encoded

  // "host:port" as in a Host header, with brackets; without the port the scheme implies.
  std::string authority() const;
  // The whole, as in a kubeconfig.
  std::string text() const;

  bool operator==(const ServerUrl&) const = default;
};

// An HTTP proxy that is asked to CONNECT; always, even for a server without TLS.
struct ProxyUrl {
  bool tls = false;  // TLS to the proxy itself; it is verified as the server is
  std::string host;
  std::uint16_t port = 80;
  std::string user;  // with the password: Proxy-Authorization; both decoded
  std::string password;

  // "http://host:port": without user and password, so that it may be shown.
  std::string shown() const;

  bool operator==(const ProxyUrl&) const = default;
};

// kInvalid with what is wrong; the message does not repeat the text, which may hold a password.
base::Result<ServerUrl> parse_server_url(std::string_view text);
base::Result<ProxyUrl> parse_proxy_url(std::string_view text);

// The proxy that HTTPS_PROXY (for a server without TLS HTTP_PROXY) and NO_PROXY, or their
// lower-case forms, give for the server, as Go's net/http reads them: never for loopback.
base::Result<std::optional<ProxyUrl>> proxy_from_environment(
    const ServerUrl& server, const EnvironmentVariables& environment);

// client.authentication.k8s.io/v1 and v1beta1: a program that prints an ExecCredential.
struct ExecPlugin {
  enum class Interactive { kNever, kIfAvailable, kAlways };

  std::string api_version;
  std::string command;  // found in PATH when it has no slash
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  // added to that of this process
  std::string install_hint;                              // shown when there is no such program
  bool provide_cluster_info = false;
  std::string cluster_config;  // JSON: the extension client.authentication.k8s.io/exec
  Interactive interactive = Interactive::kIfAvailable;

  bool operator==(const ExecPlugin&) const = default;
};

// Impersonate-User and its companions, sent with every request.
struct Impersonation {
  std::string user;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;

  bool operator==(const Impersonation&) const = default;
};

struct ClientConfig {
  ServerUrl server;
  std::optional<ProxyUrl> proxy;

  Pem ca;                       // empty: the system's
  std::string tls_server_name;  // verified and sent as SNI instead of the host
  bool insecure_skip_tls_verify = false;

  // A token file is read again every limits::kTokenReload and wins over the token.
  std::string token;
  std::string token_file;
  std::string username;
  std::string password;
  Pem client_certificate;
  Pem client_key;
  std::optional<ExecPlugin> exec;
  Impersonation impersonate;

  std::string namespace_name = "default";  // of the context, or the pod's own
  std::string user_agent = "local-registry-operator";
  std::string origin;  // "in-cluster" or "context NAME of FILE": for the log

  bool operator==(const ClientConfig&) const = default;
};

// The service account that Kubernetes mounts into every pod.
inline constexpr std::string_view kServiceAccountFolder =
    "/var/run/secrets/kubernetes.io/serviceaccount";

// Server from KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT; token, CA and namespace from
// the folder. kNotFound: this is no pod. kInvalid: a pod without a usable service account.
base::Result<ClientConfig> in_cluster_config(const EnvironmentVariables& environment,
                                             const std::string& folder);

struct ConfigChoice {
  std::string kubeconfig;  // --kubeconfig; empty: in-cluster, else KUBECONFIG, else ~/.kube/config
  std::string context;     // --context; with it in-cluster is not tried
  std::string service_account_folder{kServiceAccountFolder};
};

// What the flags and the environment say. Errors are for people and name file and field.
base::Result<ClientConfig> load_config(const ConfigChoice& choice,
                                       const EnvironmentVariables& environment);

// The content of a file of at most limits::kCredentialBytes. kNotFound, kInvalid (cannot be read,
// not a plain file), kTooLarge; the message names the file.
base::Result<std::string> read_credential_file(const std::string& path);

}  // namespace kube
