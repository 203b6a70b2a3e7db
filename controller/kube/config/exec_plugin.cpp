#include "kube/config/exec_plugin.h"

#include <fmt/core.h>
#include <unistd.h>

#include "async/child_process.h"
#include "base/limits.h"
#include "base/text/base64.h"
#include "base/text/quote.h"
#include "json/fields.h"
#include "json/raw.h"
#include "net/text.h"

namespace kube {
namespace {

struct InfoCluster {
  std::string server;
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string ca_data;
  std::string proxy_url;
  json::Raw config;
};

struct InfoSpec {
  std::optional<InfoCluster> cluster;
  std::optional<bool> interactive;
};

struct Info {
  std::string kind;
  std::string api_version;
  InfoSpec spec;
};

struct AnswerStatus {
  std::optional<base::Time> expiration;
  std::string token;
  std::string certificate;
  std::string key;
};

struct Answer {
  std::string kind;
  std::string api_version;
  std::optional<AnswerStatus> status;
};

}  // namespace
}  // namespace kube

template <>
struct json::Fields<kube::InfoCluster> {
  using T = kube::InfoCluster;
  static constexpr auto kTable = std::make_tuple(
      json::field("server", &T::server), json::field("tls-server-name", &T::tls_server_name),
      json::field("insecure-skip-tls-verify", &T::insecure_skip_tls_verify),
      json::field("certificate-authority-data", &T::ca_data),
      json::field("proxy-url", &T::proxy_url), json::field("config", &T::config));
};

template <>
struct json::Fields<kube::InfoSpec> {
  using T = kube::InfoSpec;
  static constexpr auto kTable = std::make_tuple(json::field("cluster", &T::cluster),
                                                 json::field("interactive", &T::interactive));
};

template <>
struct json::Fields<kube::Info> {
  using T = kube::Info;
  static constexpr auto kTable =
      std::make_tuple(json::field("kind", &T::kind), json::field("apiVersion", &T::api_version),
                      json::field("spec", &T::spec));
};

template <>
struct json::Fields<kube::AnswerStatus> {
  using T = kube::AnswerStatus;
  static constexpr auto kTable = std::make_tuple(
      json::field("expirationTimestamp", &T::expiration), json::field("token", &T::token),
      json::field("clientCertificateData", &T::certificate), json::field("clientKeyData", &T::key));
};

template <>
struct json::Fields<kube::Answer> {
  using T = kube::Answer;
  static constexpr auto kTable =
      std::make_tuple(json::field("kind", &T::kind), json::field("apiVersion", &T::api_version),
                      json::field("status", &T::status));
};

namespace kube {

namespace asio = boost::asio;

std::string exec_info(const ExecPlugin& plugin, const ExecCluster& cluster, bool interactive) {
  Info info{"ExecCredential", plugin.api_version, {std::nullopt, interactive}};
  if (plugin.provide_cluster_info) {
    info.spec.cluster = InfoCluster{cluster.server,
                                    cluster.tls_server_name,
                                    cluster.insecure_skip_tls_verify,
                                    base::encode_base64(cluster.ca),
                                    cluster.proxy,
                                    {plugin.cluster_config}};
  }
  return json::encode(info);
}

base::Error plugin_error(const ExecPlugin& plugin, base::ErrorCode code, std::string_view what) {
  return {code,
          fmt::format("credential plugin {}: {}", base::shown_path(plugin.command), what),
          {{"", std::string(kNoCredentials), ""}}};
}

bool has_no_credentials(const base::Error& error) { return error.has_cause(kNoCredentials); }

base::Result<ExecCredential> parse_exec_credential(const ExecPlugin& plugin, std::string output) {
  const auto malformed = [&](std::string_view what) {
    return plugin_error(plugin, base::ErrorCode::kMalformed, what);
  };
  auto answer = json::parse<Answer>(std::move(output));
  if (!answer) return malformed("it did not print an ExecCredential: " + answer.error().message);
  if (answer->kind != "ExecCredential") return malformed("kind is not ExecCredential");
  if (answer->api_version != plugin.api_version) {
    return malformed("apiVersion is not " + plugin.api_version);
  }
  if (!answer->status) return malformed("status is missing");
  AnswerStatus& status = *answer->status;
  if (status.certificate.empty() != status.key.empty()) {
    return malformed(
        "status.clientCertificateData and status.clientKeyData are both needed, or neither");
  }
  if (status.token.empty() && status.certificate.empty()) {
    return malformed("status has neither token nor clientCertificateData");
  }
  if (!net::fits_header(status.token)) return malformed("status.token has control characters");
  return ExecCredential{std::move(status.token), std::move(status.certificate),
                        std::move(status.key), status.expiration};
}

namespace {

base::Error not_started(const ExecPlugin& plugin, const base::Error& error) {
  if (error.code != base::ErrorCode::kNotFound) {
    return plugin_error(plugin, base::ErrorCode::kUnauthorized,
                        "it cannot be run: " + error.message);
  }
  std::string what = "there is no such program";
  if (!plugin.install_hint.empty()) what += ". " + base::reported(plugin.install_hint);
  return plugin_error(plugin, base::ErrorCode::kUnauthorized, what);
}

}  // namespace

asio::awaitable<base::Result<ExecCredential>> run_exec_plugin(const ExecPlugin& plugin,
                                                              ExecCluster cluster,
                                                              std::chrono::milliseconds timeout,
                                                              asio::any_io_executor executor) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (plugin.interactive == ExecPlugin::Interactive::kAlways && !terminal) {
    co_return plugin_error(plugin, base::ErrorCode::kUnauthorized,
                           "interactiveMode is Always, but standard input is not a terminal");
  }
  const bool interactive = terminal && plugin.interactive != ExecPlugin::Interactive::kNever;
  async::Command command{plugin.command, plugin.args, plugin.env, interactive};
  command.environment.emplace_back("KUBERNETES_EXEC_INFO", exec_info(plugin, cluster, interactive));
  async::ChildProcess child(executor);
  const auto started = child.start(command);
  if (!started) co_return not_started(plugin, started.error());

  const auto deadline = std::chrono::steady_clock::now() + timeout;
  auto finishing = child.finish(limits::kExecPluginBytes, deadline);
  auto finished = co_await std::move(finishing);
  if (!finished) co_return plugin_error(plugin, finished.error().code, finished.error().message);
  if (!finished->end.empty()) {
    co_return plugin_error(plugin, base::ErrorCode::kUnauthorized, "failed with " + finished->end);
  }
  co_return parse_exec_credential(plugin, std::move(finished->output));
}

}  // namespace kube
