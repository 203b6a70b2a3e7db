// This file defines the content of one kubeconfig file (clientcmd/api/v1). Only kubeconfig.cpp and
// id_token.cpp use it. The types are values that any thread may use.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "json/fields.h"
#include "json/raw.h"

namespace kube::kubeconfig {

struct Extension {
  std::string name;
  json::Raw extension;
};

struct Cluster {
  std::string server;
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string certificate_authority;
  std::string certificate_authority_data;
  std::string proxy_url;
  std::vector<Extension> extensions;
};

struct ExecVariable {
  std::string name;
  std::string value;
};

struct Exec {
  std::string api_version;
  std::string command;
  std::vector<std::string> args;
  std::vector<ExecVariable> env;
  std::string install_hint;
  bool provide_cluster_info = false;
  std::string interactive_mode;
};

// AuthProviderConfig has the fields of provider "oidc" that are used. Other keys are not decoded,
// because an error message would name the key, and a key may contain a secret: without a space
// after the colon, YAML reads all of "refresh-token:SECRET" as a key.
struct AuthProviderConfig {
  std::string idp_issuer_url;
  std::string client_id;
  std::string id_token;
};

struct AuthProvider {
  std::string name;
  AuthProviderConfig config;
};

struct User {
  std::string client_certificate;
  std::string client_certificate_data;
  std::string client_key;
  std::string client_key_data;
  std::string token;
  std::string token_file;
  std::string as;
  std::string as_uid;
  std::vector<std::string> as_groups;
  std::map<std::string, std::vector<std::string>> as_user_extra;
  std::string username;
  std::string password;
  std::optional<AuthProvider> auth_provider;
  std::optional<Exec> exec;
};

struct Context {
  std::string cluster;
  std::string user;
  std::string namespace_name;
};

struct NamedCluster {
  std::string name;
  Cluster cluster;
};

struct NamedUser {
  std::string name;
  User user;
};

struct NamedContext {
  std::string name;
  Context context;
};

struct Config {
  std::string api_version;
  std::string kind;
  std::string current_context;
  std::vector<NamedCluster> clusters;
  std::vector<NamedUser> users;
  std::vector<NamedContext> contexts;
};

// Parses a kubeconfig. kMalformed: not YAML, or a field of the wrong type; the message names the
// field. kTooLarge: the YAML exceeds a limit of json::from_yaml. kInvalid: another kind or
// apiVersion.
base::Result<Config> parse(std::string_view yaml);

}  // namespace kube::kubeconfig
