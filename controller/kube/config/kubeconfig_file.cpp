#include "kube/config/kubeconfig_file.h"

#include "json/text/yaml.h"

namespace json {

template <>
struct Fields<kube::kubeconfig::Extension> {
  using T = kube::kubeconfig::Extension;
  static constexpr auto kTable =
      std::make_tuple(field("name", &T::name), field("extension", &T::extension));
};

template <>
struct Fields<kube::kubeconfig::Cluster> {
  using T = kube::kubeconfig::Cluster;
  static constexpr auto kTable =
      std::make_tuple(field("server", &T::server), field("tls-server-name", &T::tls_server_name),
                      field("insecure-skip-tls-verify", &T::insecure_skip_tls_verify),
                      field("certificate-authority", &T::certificate_authority),
                      field("certificate-authority-data", &T::certificate_authority_data),
                      field("proxy-url", &T::proxy_url), field("extensions", &T::extensions));
};

template <>
struct Fields<kube::kubeconfig::ExecVariable> {
  using T = kube::kubeconfig::ExecVariable;
  static constexpr auto kTable =
      std::make_tuple(field("name", &T::name), field("value", &T::value));
};

template <>
struct Fields<kube::kubeconfig::Exec> {
  using T = kube::kubeconfig::Exec;
  static constexpr auto kTable = std::make_tuple(
      field("apiVersion", &T::api_version), field("command", &T::command), field("args", &T::args),
      field("env", &T::env), field("installHint", &T::install_hint),
      field("provideClusterInfo", &T::provide_cluster_info),
      field("interactiveMode", &T::interactive_mode));
};

template <>
struct Fields<kube::kubeconfig::AuthProviderConfig> {
  using T = kube::kubeconfig::AuthProviderConfig;
  static constexpr auto kTable =
      std::make_tuple(field("idp-issuer-url", &T::idp_issuer_url),
                      field("client-id", &T::client_id), field("id-token", &T::id_token));
};

template <>
struct Fields<kube::kubeconfig::AuthProvider> {
  using T = kube::kubeconfig::AuthProvider;
  static constexpr auto kTable =
      std::make_tuple(field("name", &T::name), field("config", &T::config));
};

template <>
struct Fields<kube::kubeconfig::User> {
  using T = kube::kubeconfig::User;
  static constexpr auto kTable = std::make_tuple(
      field("client-certificate", &T::client_certificate),
      field("client-certificate-data", &T::client_certificate_data),
      field("client-key", &T::client_key), field("client-key-data", &T::client_key_data),
      field("token", &T::token), field("tokenFile", &T::token_file), field("as", &T::as),
      field("as-uid", &T::as_uid), field("as-groups", &T::as_groups),
      field("as-user-extra", &T::as_user_extra), field("username", &T::username),
      field("password", &T::password), field("auth-provider", &T::auth_provider),
      field("exec", &T::exec));
};

template <>
struct Fields<kube::kubeconfig::Context> {
  using T = kube::kubeconfig::Context;
  static constexpr auto kTable =
      std::make_tuple(field("cluster", &T::cluster), field("user", &T::user),
                      field("namespace", &T::namespace_name));
};

template <>
struct Fields<kube::kubeconfig::NamedCluster> {
  using T = kube::kubeconfig::NamedCluster;
  static constexpr auto kTable =
      std::make_tuple(field("name", &T::name), field("cluster", &T::cluster));
};

template <>
struct Fields<kube::kubeconfig::NamedUser> {
  using T = kube::kubeconfig::NamedUser;
  static constexpr auto kTable = std::make_tuple(field("name", &T::name), field("user", &T::user));
};

template <>
struct Fields<kube::kubeconfig::NamedContext> {
  using T = kube::kubeconfig::NamedContext;
  static constexpr auto kTable =
      std::make_tuple(field("name", &T::name), field("context", &T::context));
};

template <>
struct Fields<kube::kubeconfig::Config> {
  using T = kube::kubeconfig::Config;
  static constexpr auto kTable = std::make_tuple(
      field("apiVersion", &T::api_version), field("kind", &T::kind),
      field("current-context", &T::current_context), field("clusters", &T::clusters),
      field("users", &T::users), field("contexts", &T::contexts));
};

}  // namespace json

namespace kube::kubeconfig {

base::Result<Config> parse(std::string_view yaml) {
  auto text = json::from_yaml(yaml);
  if (!text) {
    base::Error error = text.error();
    // The parser's message quotes the name of an unknown alias. "password: *secret" parses as an
    // alias, so the name may be a secret: remove it.
    constexpr std::string_view kAlias = "anchor is not defined";
    const std::size_t alias = error.message.find(kAlias);
    if (alias != std::string::npos) error.message.resize(alias + kAlias.size());
    return error;
  }
  if (*text == "null") return Config{};
  auto config = json::parse<Config>(std::move(*text));
  if (!config) return config;
  if ((!config->api_version.empty() && config->api_version != "v1") ||
      (!config->kind.empty() && config->kind != "Config")) {
    return base::Error{base::ErrorCode::kInvalid, "kind: expected Config of apiVersion v1"};
  }
  return config;
}

}  // namespace kube::kubeconfig
