#include "cli/docker/context.h"

#include <fmt/core.h>

#include <optional>

#include "base/file.h"
#include "base/text/quote.h"
#include "crypto/digest.h"
#include "json/fields.h"

namespace cli {
namespace {

struct ContextConfig {
  std::string current_context;
};

struct ContextEndpoint {
  std::string host;
};

struct ContextEndpoints {
  std::optional<ContextEndpoint> docker;
};

struct ContextMeta {
  std::optional<ContextEndpoints> endpoints;
};

}  // namespace
}  // namespace cli

template <>
struct json::Fields<cli::ContextConfig> {
  using T = cli::ContextConfig;
  static constexpr auto kTable =
      std::make_tuple(json::field("currentContext", &T::current_context));
};

template <>
struct json::Fields<cli::ContextEndpoint> {
  using T = cli::ContextEndpoint;
  static constexpr auto kTable = std::make_tuple(json::field("Host", &T::host));
};

template <>
struct json::Fields<cli::ContextEndpoints> {
  using T = cli::ContextEndpoints;
  static constexpr auto kTable = std::make_tuple(json::field("docker", &T::docker));
};

template <>
struct json::Fields<cli::ContextMeta> {
  using T = cli::ContextMeta;
  static constexpr auto kTable = std::make_tuple(json::field("Endpoints", &T::endpoints));
};

namespace cli {
namespace {

constexpr std::string_view kNoContext = "default";  // with this name, Docker uses no context

template <class T>
Outcome<T> read_json(const std::string& path) {
  const auto value =
      read_docker_file(path, [](const std::string& text) { return json::parse<T>(text); });
  if (value) return *value;
  return Failure{ExitCode::kFailure, value.error().message};
}

struct Choice {
  std::string name;  // name of the context; empty: none is chosen
  std::string by;    // what names the context, for messages
};

Outcome<Choice> chosen_context(const base::EnvironmentVariables& environment) {
  Choice choice{base::variable(environment, "DOCKER_CONTEXT"), "DOCKER_CONTEXT"};
  const std::string file = docker_config_file(environment);
  if (choice.name.empty() && base::exists(file)) {
    const auto config = read_json<ContextConfig>(file);
    if (!config) return config.error();
    choice = {config->current_context, fmt::format("currentContext of {}", base::shown_path(file))};
  }
  if (choice.name == kNoContext) choice.name.clear();
  return choice;
}

}  // namespace

std::string docker_folder(const base::EnvironmentVariables& environment) {
  std::string folder = base::variable(environment, "DOCKER_CONFIG");
  if (!folder.empty()) return folder;
  const std::string home = base::variable(environment, "HOME");
  return home.empty() ? home : fmt::format("{}/.docker", home);
}

std::string docker_config_file(const base::EnvironmentVariables& environment) {
  const std::string folder = docker_folder(environment);
  return folder.empty() ? folder : folder + "/config.json";
}

Outcome<DockerHost> docker_host(const base::EnvironmentVariables& environment) {
  const std::string host = base::variable(environment, "DOCKER_HOST");
  if (!host.empty()) return DockerHost{host, "DOCKER_HOST"};
  const Outcome<Choice> choice = chosen_context(environment);
  if (!choice) return choice.error();
  if (choice->name.empty()) return DockerHost{};
  const std::string digest = crypto::sha256(choice->name);
  const std::string file = fmt::format("{}/contexts/meta/{}/meta.json", docker_folder(environment),
                                       digest.substr(digest.find(':') + 1));
  if (!base::exists(file)) {
    return Failure{
        ExitCode::kFailure,
        fmt::format("{} names the Docker context {}, which does not exist: see `docker context ls`",
                    choice->by, base::shown(choice->name))};
  }
  const auto meta = read_json<ContextMeta>(file);
  if (!meta) return meta.error();
  const bool has_host = meta->endpoints && meta->endpoints->docker;
  DockerHost found{has_host ? meta->endpoints->docker->host : std::string(),
                   fmt::format("the Docker context {}", base::shown(choice->name))};
  if (!found.address.empty()) return found;
  return Failure{
      ExitCode::kFailure,
      fmt::format("{} has no address of a daemon: set DOCKER_HOST, or use another context",
                  found.origin)};
}

}  // namespace cli
