#include "cli/docker_credentials.h"

#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "base/limits.h"
#include "cli/input.h"
#include "cli/output.h"
#include "json/fields.h"
#include "kube/child_process.h"

namespace cli {
namespace {

struct HelperAnswer {
  std::string username;
  std::string secret;
};

}  // namespace
}  // namespace cli

template <>
struct json::Fields<cli::HelperAnswer> {
  using T = cli::HelperAnswer;
  static constexpr auto kTable =
      std::make_tuple(json::field("Username", &T::username), json::field("Secret", &T::secret));
};

namespace cli {
namespace {

namespace asio = boost::asio;

// What helpers print when they have no entry, with an exit code that is not 0.
// Source: docker/docker-credential-helpers, credentials/error.go
constexpr std::string_view kNotFound = "credentials not found in native keychain";
constexpr std::string_view kIdentityToken = "<token>";  // as the name of a user
constexpr std::size_t kShownBytes = 200;                // of what a helper says of its failure

std::string first_line(std::string text) {
  text.resize(std::min({text.find('\n'), text.size(), kShownBytes}));
  return printable(text);
}

base::Error failed(const std::string& program, base::Error error) {
  if (error.code == base::ErrorCode::kNotFound) {
    error.message = "there is no such program on PATH, and the Docker configuration names it";
  }
  error.message = fmt::format("{}: {}", program, error.message);
  return error;
}

// Nothing: it has no entry for the server.
asio::awaitable<base::Result<std::optional<registry::Credentials>>> run_helper(
    asio::any_io_executor executor, registry::CredentialHelper helper) {
  const std::string program = "docker-credential-" + helper.name;
  kube::ChildProcess process(executor);
  kube::Command command;
  command.program = program;
  command.arguments = {"get"};
  command.input = helper.server + "\n";
  if (const auto started = process.start(command); !started) {
    co_return failed(program, started.error());
  }
  const auto deadline = std::chrono::steady_clock::now() + limits::kCredentialHelperTimeout;
  auto reading = process.output(limits::kCredentialHelperBytes, deadline);
  base::Result<std::string> output = co_await std::move(reading);
  if (!output) co_return failed(program, output.error());
  auto waiting = process.wait(deadline);
  const base::Result<std::string> end = co_await std::move(waiting);
  if (!end) co_return failed(program, end.error());
  if (!end->empty()) {
    if (output->find(kNotFound) != std::string::npos) co_return std::nullopt;
    co_return failed(program, {base::ErrorCode::kInternal,
                               fmt::format("{}: {}", *end, first_line(*std::move(output)))});
  }
  auto credentials = parse_helper_answer(*std::move(output));
  if (!credentials) co_return failed(program, credentials.error());
  co_return std::optional<registry::Credentials>(*std::move(credentials));
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

std::string docker_config_file(const base::EnvironmentVariables& environment) {
  const auto within = [&](std::string_view name, std::string_view rest) {
    const std::string folder = base::variable(environment, name);
    return folder.empty() ? folder : fmt::format("{}/{}", folder, rest);
  };
  const std::string docker = within("DOCKER_CONFIG", "config.json");
  for (const std::string& path : {docker.empty() ? within("HOME", ".docker/config.json") : docker,
                                  base::variable(environment, "REGISTRY_AUTH_FILE"),
                                  within("XDG_RUNTIME_DIR", "containers/auth.json")}) {
    if (!path.empty() && exists(path)) return path;
  }
  return "";
}

base::Result<DockerCredentials> DockerCredentials::load(
    const base::EnvironmentVariables& environment) {
  DockerCredentials credentials;
  const std::string path = docker_config_file(environment);
  if (path.empty()) return credentials;
  const auto text = read_input(path, limits::kDockerConfigBytes);
  if (!text) return base::Error{base::ErrorCode::kInvalid, text.error().message};
  auto config = registry::DockerConfig::parse(*text);
  if (!config) {
    base::Error error = config.error();
    error.message = fmt::format("{}: {}", path, error.message);
    return error;
  }
  credentials.config_ = *std::move(config);
  return credentials;
}

asio::awaitable<base::Result<std::optional<registry::Credentials>>> DockerCredentials::find(
    asio::any_io_executor executor, api::ImageReference repository) const {
  if (auto helper = config_.helper(repository.domain)) {
    auto running = run_helper(executor, *std::move(helper));
    base::Result<std::optional<registry::Credentials>> found = co_await std::move(running);
    if (!found || *found) co_return found;
  }
  co_return config_.credentials(repository.domain, repository.path);
}

base::Result<registry::Credentials> parse_helper_answer(std::string output) {
  const auto answer = json::parse<HelperAnswer>(std::move(output));
  if (!answer || answer->secret.empty()) {
    return base::Error{base::ErrorCode::kMalformed,
                       "it did not print a JSON object with Username and Secret"};
  }
  registry::Credentials credentials;
  if (answer->username == kIdentityToken) {
    credentials.identity_token = answer->secret;
  } else {
    credentials.username = answer->username;
    credentials.password = answer->secret;
  }
  return credentials;
}

}  // namespace cli
