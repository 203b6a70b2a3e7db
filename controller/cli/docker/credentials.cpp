#include "cli/docker/credentials.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "async/child_process.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text/quote.h"
#include "base/text/text.h"
#include "cli/docker/context.h"
#include "json/fields.h"

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
using Found = base::Result<std::optional<registry::Credentials>>;

// Helpers print one of these texts and end with a nonzero exit code if they have no entry. The
// comparison is case-insensitive. Source: docker/docker-credential-helpers, credentials/error.go
// and osxkeychain
constexpr std::string_view kNotFound[] = {"credentials not found",
                                          "could not be found in the keychain"};
constexpr std::string_view kAuthVariable = "DOCKER_AUTH_CONFIG";

bool reports_not_found(std::string output) {
  output = base::lower(std::move(output));
  return std::any_of(std::begin(kNotFound), std::end(kNotFound),
                     [&](std::string_view text) { return output.find(text) != std::string::npos; });
}

base::Error failed(const std::string& program, base::Error error) {
  if (error.code == base::ErrorCode::kNotFound) {
    error.message = "the Docker configuration names this credential helper, but it is not on PATH";
  }
  return base::prefixed(base::shown(program), std::move(error));
}

// Runs a credential helper. Returns nullopt if the helper has no entry for the server.
asio::awaitable<Found> run_helper(asio::any_io_executor executor,
                                  registry::CredentialHelper helper) {
  const std::string program = "docker-credential-" + helper.name;
  async::ChildProcess process(executor);
  async::Command command;
  command.program = program;
  command.arguments = {"get"};
  command.input = helper.server + "\n";
  if (const auto started = process.start(command); !started) {
    co_return failed(program, started.error());
  }
  const auto deadline = std::chrono::steady_clock::now() + limits::kCredentialHelperTimeout;
  auto finishing = process.finish(limits::kCredentialHelperBytes, deadline);
  auto finished = co_await std::move(finishing);
  if (!finished) co_return failed(program, finished.error());
  std::string& output = finished->output;
  if (!finished->end.empty()) {
    if (reports_not_found(output)) co_return std::nullopt;
    co_return failed(program, {base::ErrorCode::kInternal,
                               fmt::format("{}: {}", finished->end,
                                           base::reported(output.substr(0, output.find('\n'))))});
  }
  auto credentials = parse_helper_answer(std::move(output));
  if (!credentials) co_return failed(program, credentials.error());
  co_return credentials;
}

}  // namespace

std::vector<std::string> credential_files(const base::EnvironmentVariables& environment) {
  const auto within = [&](std::string_view name, std::string_view rest) {
    const std::string folder = base::variable(environment, name);
    return folder.empty() ? folder : fmt::format("{}/{}", folder, rest);
  };
  const std::string xdg = within("XDG_CONFIG_HOME", "containers/auth.json");
  std::vector<std::string> found;
  for (std::string path :
       {base::variable(environment, "REGISTRY_AUTH_FILE"), docker_config_file(environment),
        within("XDG_RUNTIME_DIR", "containers/auth.json"),
        xdg.empty() ? within("HOME", ".config/containers/auth.json") : xdg}) {
    if (!path.empty() && base::exists(path)) found.push_back(std::move(path));
  }
  return found;
}

DockerCredentials::DockerCredentials(const base::EnvironmentVariables& environment) {
  const std::string text = base::variable(environment, kAuthVariable);
  if (!text.empty()) {
    auto config = registry::DockerConfig::parse(text);
    if (config) {
      config->drop_helpers();
      configs_.push_back(*std::move(config));
    } else {
      warning_ = fmt::format("{} is not used: {}", kAuthVariable, config.error().message);
    }
  }
  for (const std::string& path : credential_files(environment)) {
    configs_.push_back(read_docker_file(path, registry::DockerConfig::parse));
  }
}

asio::awaitable<base::Result<std::optional<registry::Credentials>>> DockerCredentials::find(
    asio::any_io_executor executor, api::ImageReference repository) const {
  for (const base::Result<registry::DockerConfig>& config : configs_) {
    if (!config) co_return config.error();
    if (auto helper = config->helper(repository.domain)) {
      auto running = run_helper(executor, *std::move(helper));
      Found found = co_await std::move(running);
      if (!found || *found) co_return found;
    }
    if (auto found = config->credentials(repository.domain, repository.path)) co_return found;
  }
  co_return std::nullopt;
}

base::Result<std::optional<registry::Credentials>> parse_helper_answer(std::string output) {
  const auto answer = json::parse<HelperAnswer>(std::move(output));
  if (!answer) {
    return base::Error{base::ErrorCode::kMalformed,
                       "it did not print a JSON object with Username and Secret"};
  }
  auto credentials = registry::credentials_from(answer->username, answer->secret);
  if (credentials == registry::Credentials()) return std::nullopt;
  return credentials;
}

}  // namespace cli
