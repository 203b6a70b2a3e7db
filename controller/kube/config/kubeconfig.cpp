#include "kube/config/kubeconfig.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/text/base64.h"
#include "base/text/quote.h"
#include "base/text/text.h"
#include "kube/config/id_token.h"
#include "kube/config/kubeconfig_file.h"
#include "net/text.h"

namespace kube {
namespace {

namespace fs = std::filesystem;

using base::invalid;

constexpr std::string_view kExecExtension = "client.authentication.k8s.io/exec";
constexpr std::string_view kExecV1 = "client.authentication.k8s.io/v1";
constexpr std::string_view kExecV1Beta1 = "client.authentication.k8s.io/v1beta1";

struct LoadedFile {
  std::string path;
  kubeconfig::Config config;
};

// An Entry is one named entry of a kubeconfig, with the path of its file.
template <class T>
struct Entry {
  std::string file;
  std::string where;  // "users[admin].user": for messages
  T value;

  std::string at(std::string_view field) const {
    return fmt::format("{}: {}.{}", base::shown_path(file), where, field);
  }

  // Resolves a path relative to the folder of the file.
  std::string path(const std::string& text) const {
    return (fs::path(file).parent_path() / text).lexically_normal().string();
  }
};

template <class Named>
base::Result<void> check_names(const LoadedFile& file, std::string_view list,
                               const std::vector<Named>& entries) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (entries[i].name == entries[j].name) {
        return invalid(fmt::format("{}: {}[{}].name: an earlier entry has the same name {}",
                                   base::shown_path(file.path), list, i,
                                   base::quoted(entries[i].name)));
      }
    }
  }
  return {};
}

base::Result<LoadedFile> load_file(const std::string& path) {
  const auto text = read_credential_file(path);
  if (!text) return text.error();
  auto config = kubeconfig::parse(*text);
  if (!config) return base::prefixed(base::shown_path(path), config.error());
  LoadedFile file{path, std::move(*config)};
  for (const auto& checked : {check_names(file, "clusters", file.config.clusters),
                              check_names(file, "users", file.config.users),
                              check_names(file, "contexts", file.config.contexts)}) {
    if (!checked) return checked.error();
  }
  return file;
}

base::Result<std::vector<LoadedFile>> load_list(const std::string& list) {
  std::vector<LoadedFile> files;
  for (const std::string_view path : base::parts(list, ':')) {
    if (path.empty()) continue;
    auto file = load_file(std::string(path));
    if (file) {
      files.push_back(std::move(*file));
    } else if (file.error().code != base::ErrorCode::kNotFound) {
      return file.error();
    }
  }
  if (files.empty()) {
    return base::Error{base::ErrorCode::kNotFound,
                       "no kubeconfig: none of " + base::shown_path(list) + " exists"};
  }
  return files;
}

base::Result<std::vector<LoadedFile>> load_files(const KubeconfigChoice& choice,
                                                 const EnvironmentVariables& environment) {
  if (!choice.file.empty()) {
    auto file = load_file(choice.file);
    if (!file) return file.error();
    std::vector<LoadedFile> files;
    files.push_back(std::move(*file));
    return files;
  }
  const std::string list = base::variable(environment, "KUBECONFIG");
  if (!list.empty()) return load_list(list);
  const std::string home = base::variable(environment, "HOME");
  if (home.empty()) {
    return base::Error{base::ErrorCode::kNotFound,
                       "no kubeconfig: neither KUBECONFIG nor HOME is set"};
  }
  return load_list(home + "/.kube/config");
}

template <class T, class Named>
std::optional<Entry<T>> find(const std::vector<LoadedFile>& files,
                             std::vector<Named> kubeconfig::Config::*list, T Named::*member,
                             std::string_view list_name, std::string_view member_name,
                             const std::string& name) {
  for (const LoadedFile& file : files) {
    for (const Named& named : file.config.*list) {
      if (named.name != name) continue;
      return Entry<T>{file.path,
                      fmt::format("{}[{}].{}", list_name, base::shown(name), member_name),
                      named.*member};
    }
  }
  return std::nullopt;
}

// Returns the PEM from inline base64 or from a file. The file is read once here, so that an
// unreadable file is reported with its field.
template <class T>
base::Result<Pem> pem_of(const Entry<T>& entry, std::string_view field, const std::string& data,
                         const std::string& file) {
  if (!data.empty()) {
    auto text = base::decode_base64(data);
    if (!text) return invalid(entry.at(field) + "-data: not base64");
    return Pem{std::move(*text), {}};
  }
  if (file.empty()) return Pem{};
  Pem pem{{}, entry.path(file)};
  const auto content = read_credential_file(pem.file);
  if (!content) return invalid(entry.at(field) + ": " + content.error().message);
  return pem;
}

// Parses a URL, "host" or "host:port", as client-go does (rest.DefaultServerURL). Without a scheme
// the URL is https when a TLS setting is configured, else http.
base::Result<ServerUrl> parse_server(const std::string& text, bool mentions_tls) {
  if (text.find("://") != std::string::npos) return parse_server_url(text);
  auto server = parse_server_url((mentions_tls ? "https://" : "http://") + text);
  if (!server || server->base_path.empty()) return server;
  return invalid("expected a URL such as https://host:6443, or HOST:PORT without a path");
}

bool mentions_tls(const kubeconfig::Cluster& cluster, const kubeconfig::User& user) {
  return cluster.insecure_skip_tls_verify || !cluster.certificate_authority.empty() ||
         !cluster.certificate_authority_data.empty() || !user.client_certificate.empty() ||
         !user.client_certificate_data.empty();
}

base::Result<void> apply_cluster(const Entry<kubeconfig::Cluster>& entry,
                                 const kubeconfig::User& user,
                                 const EnvironmentVariables& environment, ClientConfig& config) {
  const kubeconfig::Cluster& cluster = entry.value;
  if (cluster.server.empty()) return invalid(entry.at("server") + ": missing");
  const auto server = parse_server(cluster.server, mentions_tls(cluster, user));
  if (!server) return invalid(entry.at("server") + ": " + server.error().message);
  config.server = *server;
  config.tls_server_name = cluster.tls_server_name;
  config.insecure_skip_tls_verify = cluster.insecure_skip_tls_verify;
  auto ca = pem_of(entry, "certificate-authority", cluster.certificate_authority_data,
                   cluster.certificate_authority);
  if (!ca) return ca.error();
  config.ca = std::move(*ca);
  if (config.insecure_skip_tls_verify && !config.ca.empty()) {
    return invalid(entry.at("insecure-skip-tls-verify") +
                   ": cannot be combined with certificate-authority");
  }
  if (cluster.proxy_url.empty()) {
    const auto proxy = proxy_from_environment(config.server, environment);
    if (!proxy) return proxy.error();
    config.proxy = *proxy;
    return {};
  }
  const auto proxy = parse_proxy_url(cluster.proxy_url);
  if (!proxy) return invalid(entry.at("proxy-url") + ": " + proxy.error().message);
  config.proxy = *proxy;
  return {};
}

base::Result<ExecPlugin::Interactive> interactive_of(const Entry<kubeconfig::User>& entry,
                                                     const kubeconfig::Exec& exec) {
  const std::string& mode = exec.interactive_mode;
  if (mode == "Never") return ExecPlugin::Interactive::kNever;
  if (mode == "Always") return ExecPlugin::Interactive::kAlways;
  // The field is required in v1 and has a default value in v1beta1.
  if (mode == "IfAvailable" || (mode.empty() && exec.api_version == kExecV1Beta1)) {
    return ExecPlugin::Interactive::kIfAvailable;
  }
  return invalid(entry.at("exec.interactiveMode") +
                 (mode.empty() ? ": missing" : ": expected Never, IfAvailable or Always"));
}

base::Result<ExecPlugin> exec_of(const Entry<kubeconfig::User>& entry,
                                 const kubeconfig::Cluster& cluster) {
  const kubeconfig::Exec& exec = *entry.value.exec;
  if (exec.command.empty()) return invalid(entry.at("exec.command") + ": missing");
  if (exec.api_version != kExecV1 && exec.api_version != kExecV1Beta1) {
    return invalid(
        fmt::format("{}: expected {} or {}", entry.at("exec.apiVersion"), kExecV1, kExecV1Beta1));
  }
  const auto interactive = interactive_of(entry, exec);
  if (!interactive) return interactive.error();
  ExecPlugin plugin;
  plugin.api_version = exec.api_version;
  plugin.command =
      exec.command.find('/') == std::string::npos ? exec.command : entry.path(exec.command);
  plugin.args = exec.args;
  for (const kubeconfig::ExecVariable& variable : exec.env) {
    if (variable.name.empty()) return invalid(entry.at("exec.env") + ": a name is missing");
    plugin.env.emplace_back(variable.name, variable.value);
  }
  plugin.install_hint = base::trimmed(exec.install_hint);
  plugin.provide_cluster_info = exec.provide_cluster_info;
  plugin.interactive = *interactive;
  for (const kubeconfig::Extension& extension : cluster.extensions) {
    if (extension.name == kExecExtension) plugin.cluster_config = extension.extension.text;
  }
  return plugin;
}

base::Result<void> apply_impersonation(const Entry<kubeconfig::User>& entry, ClientConfig& config) {
  const kubeconfig::User& user = entry.value;
  config.impersonate = {user.as, user.as_uid, user.as_groups, user.as_user_extra};
  const bool more = !user.as_uid.empty() || !user.as_groups.empty() || !user.as_user_extra.empty();
  if (user.as.empty() && more) {
    return invalid(entry.at("as") +
                   ": missing, but required with as-uid, as-groups and as-user-extra");
  }
  bool fits = net::fits_header(user.as) && net::fits_header(user.as_uid);
  for (const std::string& group : user.as_groups) fits = fits && net::fits_header(group);
  for (const auto& [key, values] : user.as_user_extra) {
    for (const std::string& value : values) fits = fits && net::fits_header(value);
  }
  if (!fits) return invalid(entry.at("as") + ": a value has control characters");
  return {};
}

base::Result<void> apply_certificate(const Entry<kubeconfig::User>& entry, ClientConfig& config) {
  const kubeconfig::User& user = entry.value;
  auto certificate =
      pem_of(entry, "client-certificate", user.client_certificate_data, user.client_certificate);
  if (!certificate) return certificate.error();
  auto key = pem_of(entry, "client-key", user.client_key_data, user.client_key);
  if (!key) return key.error();
  config.client_certificate = std::move(*certificate);
  config.client_key = std::move(*key);
  if (!config.client_certificate.empty() && config.client_key.empty()) {
    return invalid(entry.at("client-key") + ": missing, but required with client-certificate");
  }
  return {};
}

// Sets exec and id_token. As in kubectl, the plugin is ignored when there is a token, password or
// client certificate, and the ID token is ignored when there is a token or password.
base::Result<void> apply_provider(const Entry<kubeconfig::User>& entry,
                                  const kubeconfig::Cluster& cluster, ClientConfig& config) {
  const kubeconfig::User& user = entry.value;
  if (user.exec && user.auth_provider) {
    return invalid(entry.at("auth-provider") + ": cannot be combined with exec");
  }
  const bool has_header = !config.token.empty() || !config.token_file.empty() ||
                          !config.username.empty() || !config.password.empty();
  if (user.exec) {
    auto exec = exec_of(entry, cluster);
    if (!exec) return exec.error();
    if (!has_header && config.client_certificate.empty()) config.exec = std::move(*exec);
  }
  if (!user.auth_provider || has_header) return {};
  auto token = id_token_of(*user.auth_provider, entry.at("auth-provider"));
  if (!token) return token.error();
  config.id_token = std::move(*token);
  return {};
}

base::Result<void> apply_user(const Entry<kubeconfig::User>& entry,
                              const kubeconfig::Cluster& cluster, ClientConfig& config) {
  const kubeconfig::User& user = entry.value;
  if (auto applied = apply_certificate(entry, config); !applied) return applied;
  config.token = base::trimmed(user.token);
  if (!net::fits_header(config.token)) {
    return invalid(entry.at("token") + ": has control characters");
  }
  config.username = user.username;
  config.password = user.password;
  if (!user.token_file.empty()) {
    config.token_file = entry.path(user.token_file);
    const auto content = read_credential_file(config.token_file);
    if (!content && config.token.empty()) {
      return invalid(entry.at("tokenFile") + ": " + content.error().message);
    }
  }
  const bool basic = !user.username.empty() || !user.password.empty();
  if (basic && (!config.token.empty() || !config.token_file.empty())) {
    return invalid(entry.at("username") + ": cannot be combined with a token");
  }
  if (auto applied = apply_provider(entry, cluster, config); !applied) return applied;
  return apply_impersonation(entry, config);
}

// Removes the credentials when the server has no TLS. kubectl sends no credentials to such a
// server, and does not read their files.
void drop_credentials(ClientConfig& config) {
  ClientConfig kept;
  kept.server = std::move(config.server);
  kept.proxy = std::move(config.proxy);
  kept.impersonate = std::move(config.impersonate);
  config = std::move(kept);
}

struct ChosenContext {
  std::string name;
  std::string from;  // "FILE: current-context" or "--context"
};

base::Result<ChosenContext> chosen_context(const KubeconfigChoice& choice,
                                           const std::vector<LoadedFile>& files) {
  if (!choice.context.empty()) return ChosenContext{choice.context, "--context"};
  for (const LoadedFile& file : files) {
    if (!file.config.current_context.empty()) {
      return ChosenContext{file.config.current_context,
                           base::shown_path(file.path) + ": current-context"};
    }
  }
  return invalid(base::shown_path(files.front().path) +
                 ": current-context: missing, and no --context is given");
}

}  // namespace

base::Result<ClientConfig> load_kubeconfig(const KubeconfigChoice& choice,
                                           const EnvironmentVariables& environment) {
  const auto files = load_files(choice, environment);
  if (!files) return files.error();
  const auto chosen = chosen_context(choice, *files);
  if (!chosen) return chosen.error();
  using kubeconfig::Config;
  const auto context = find(*files, &Config::contexts, &kubeconfig::NamedContext::context,
                            "contexts", "context", chosen->name);
  if (!context) {
    return invalid(fmt::format("{}: there is no context {} in {}", chosen->from,
                               base::quoted(chosen->name), base::shown_path(files->front().path)));
  }
  const auto cluster = find(*files, &Config::clusters, &kubeconfig::NamedCluster::cluster,
                            "clusters", "cluster", context->value.cluster);
  if (!cluster) {
    return invalid(fmt::format("{}: there is no cluster {}", context->at("cluster"),
                               base::quoted(context->value.cluster)));
  }
  std::optional<Entry<kubeconfig::User>> user;
  if (!context->value.user.empty()) {
    user = find(*files, &Config::users, &kubeconfig::NamedUser::user, "users", "user",
                context->value.user);
    if (!user) {
      return invalid(fmt::format("{}: there is no user {}", context->at("user"),
                                 base::quoted(context->value.user)));
    }
  }
  ClientConfig config;
  const kubeconfig::User anonymous;
  if (auto applied = apply_cluster(*cluster, user ? user->value : anonymous, environment, config);
      !applied) {
    return applied.error();
  }
  if (user) {
    if (auto applied = apply_user(*user, cluster->value, config); !applied) {
      return applied.error();
    }
  }
  if (!config.server.tls) drop_credentials(config);
  if (!context->value.namespace_name.empty()) {
    config.namespace_name = context->value.namespace_name;
  }
  config.context = chosen->name;
  config.origin =
      fmt::format("context {} of {}", base::shown(chosen->name), base::shown_path(context->file));
  return config;
}

base::Result<std::vector<std::string>> context_names(const std::string& file,
                                                     const EnvironmentVariables& environment) {
  const auto files = load_files({file, {}}, environment);
  if (!files) return files.error();
  std::vector<std::string> names;
  for (const LoadedFile& loaded : *files) {
    for (const kubeconfig::NamedContext& context : loaded.config.contexts) {
      const bool is_known = std::find(names.begin(), names.end(), context.name) != names.end();
      if (!is_known) names.push_back(context.name);
    }
  }
  return names;
}

}  // namespace kube
