// This file defines the address of the API server, the credentials for it, and the functions that
// load both from a kubeconfig or from the service account of the pod.
//
// The types are values that any thread may use. They hold secrets: never log them.
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

// A Pem is a certificate, a key or a CA bundle in PEM. It is given as a text or as the path of a
// file. If both are given, the text is used.
struct Pem {
  std::string text;
  std::string file;  // is read again every limits::kTokenReload

  bool empty() const { return text.empty() && file.empty(); }
  bool operator==(const Pem&) const = default;
};

// An ExecPlugin is a program that prints an ExecCredential (client.authentication.k8s.io/v1 and
// v1beta1).
struct ExecPlugin {
  enum class Interactive { kNever, kIfAvailable, kAlways };

  std::string api_version;
  std::string command;  // found in PATH when it has no slash
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  // overrides variables of this process
  std::string install_hint;                              // message if the program does not exist
  bool provide_cluster_info = false;
  std::string cluster_config;  // JSON: the extension client.authentication.k8s.io/exec
  Interactive interactive = Interactive::kIfAvailable;

  bool operator==(const ExecPlugin&) const = default;
};

// An Impersonation has the values of the Impersonate-* headers that every request carries.
struct Impersonation {
  std::string user;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;

  bool operator==(const Impersonation&) const = default;
};

// An IdToken is the ID token of auth-provider "oidc" in a kubeconfig. The token is sent as a bearer
// token until it expires. Only kubectl refreshes it: a refresh token may be valid for one use only,
// and the client that uses it must write the next one into the kubeconfig.
struct IdToken {
  std::string token;
  base::Time expires;
  std::string origin;  // "FILE: users[NAME].user.auth-provider": for messages

  bool operator==(const IdToken&) const = default;
};

struct ClientConfig {
  ServerUrl server;
  std::optional<ProxyUrl> proxy;

  Pem ca;                       // empty: the CAs of the system
  std::string tls_server_name;  // name for SNI and verification; empty: the host
  bool insecure_skip_tls_verify = false;

  // `token_file` is read again every limits::kTokenReload and wins over `token`.
  std::string token;
  std::string token_file;
  std::string username;
  std::string password;
  Pem client_certificate;
  Pem client_key;
  std::optional<ExecPlugin> exec;
  std::optional<IdToken> id_token;
  Impersonation impersonate;

  std::string context;                     // name of the kubeconfig context; empty in a pod
  std::string namespace_name = "default";  // namespace of the context or of the pod
  std::string user_agent = "local-registry-operator";
  std::string origin;  // "in-cluster" or "context NAME of FILE": for the log

  bool operator==(const ClientConfig&) const = default;
};

// Kubernetes mounts the credentials of the pod's service account into this folder.
inline constexpr std::string_view kServiceAccountFolder =
    "/var/run/secrets/kubernetes.io/serviceaccount";

// Takes the server from KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, and the token, the CA
// and the namespace from `folder`. kNotFound: the process does not run in a pod. kInvalid: the pod
// has no usable service account.
base::Result<ClientConfig> in_cluster_config(const EnvironmentVariables& environment,
                                             const std::string& folder);

struct ConfigChoice {
  std::string kubeconfig;  // --kubeconfig; empty: in-cluster, else KUBECONFIG, else ~/.kube/config
  std::string context;     // --context; if set, the in-cluster configuration is not tried
  std::string service_account_folder{kServiceAccountFolder};
};

// Loads the configuration that the flags and the environment select. Error messages are for people
// and name the file and the field.
base::Result<ClientConfig> load_config(const ConfigChoice& choice,
                                       const EnvironmentVariables& environment);

}  // namespace kube
