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

#include "base/environment.h"
#include "base/error.h"
#include "base/time.h"
#include "net/file.h"
#include "net/url.h"

namespace kube {

using base::EnvironmentVariables;
using base::process_environment;
using net::parse_proxy_url;
using net::parse_server_url;
using net::proxy_from_environment;
using net::ProxyUrl;
using net::read_credential_file;
using net::ServerUrl;

// PEM text, or the file that holds it, which is read again when it changes. The text wins.
struct Pem {
  std::string text;
  std::string file;

  bool empty() const { return text.empty() && file.empty(); }
  bool operator==(const Pem&) const = default;
};

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

// Of auth-provider "oidc" in a kubeconfig: sent as a bearer token as long as it is valid. It is not
// refreshed here: a refresh token may be good for one use only, so that the client that uses it has
// to write the new one into the kubeconfig, as kubectl does.
struct IdToken {
  std::string token;
  base::Time expires;
  std::string origin;  // "FILE: users[NAME].user.auth-provider": for messages

  bool operator==(const IdToken&) const = default;
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
  std::optional<IdToken> id_token;
  Impersonation impersonate;

  std::string context;                     // its name; empty in a pod
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

}  // namespace kube
