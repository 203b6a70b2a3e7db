#include "cli/docker/daemon.h"

#include <fmt/core.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "base/file.h"
#include "base/limits.h"
#include "base/text/quote.h"
#include "cli/binary.h"
#include "cli/docker/context.h"
#include "cli/terminal/output.h"
#include "json/fields.h"
#include "net/http/http_client.h"

namespace cli {
namespace {

// Problem is the body of an error response of Docker's API.
struct Problem {
  std::string message;
};

}  // namespace
}  // namespace cli

template <>
struct json::Fields<cli::Problem> {
  using T = cli::Problem;
  static constexpr auto kTable = std::make_tuple(json::field("message", &T::message));
};

namespace cli {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kUnix = "unix://";
constexpr int kStatusNotFound = 404;
constexpr std::size_t kProblemBytes = 64 << 10;

base::Error named(const std::string& socket, base::Error error) {
  return base::prefixed("the daemon at " + socket, std::move(error));
}

base::Error refusal(const std::string& socket, const std::string& image, net::HttpAnswer answer) {
  if (answer.status == kStatusNotFound) {
    return named(socket, {base::ErrorCode::kNotFound,
                          fmt::format("it has no image {}", base::shown(image))});
  }
  const auto problem = json::parse<Problem>(std::move(answer.body));
  const std::string said = problem ? base::reported(problem->message) : "";
  return named(socket,
               {base::ErrorCode::kInternal,
                fmt::format("it answers HTTP status {} to the request for image {}{}{}",
                            answer.status, base::shown(image), said.empty() ? "" : ": ", said)});
}

net::HttpClientOptions client_options() {
  net::HttpClientOptions options;
  options.user_agent = kBinary;
  options.read_bytes = limits::kDaemonReadBytes;
  options.stream_bytes = limits::kDaemonReadBytes;
  return options;
}

// HttpServer::name stays empty, because it is not in the errors of a connect. save_image() adds the
// path of the socket to all errors instead.
net::HttpServer server_at(const std::string& socket) {
  net::HttpServer server;
  server.route.server = {false, "localhost", 80, ""};
  server.route.unix_socket = socket;
  return server;
}

}  // namespace

Outcome<std::string> daemon_socket(const base::EnvironmentVariables& environment) {
  const Outcome<DockerHost> host = docker_host(environment);
  if (!host) return host.error();
  const std::string& address = host->address;
  if (address.starts_with(kUnix) && address.size() > kUnix.size()) {
    return address.substr(kUnix.size());
  }
  if (!address.empty()) {
    return Failure{
        ExitCode::kFailure,
        fmt::format("{} is {}, and only unix://PATH is supported: write the image to a file with "
                    "`docker save IMAGE -o FILE` and pass the file with --archive",
                    host->origin, base::shown(address))};
  }
  std::vector<std::string> paths = {"/var/run/docker.sock"};
  if (const auto runtime = base::variable(environment, "XDG_RUNTIME_DIR"); !runtime.empty()) {
    paths.push_back(runtime + "/docker.sock");
    paths.push_back(runtime + "/podman/podman.sock");
  }
  paths.emplace_back("/run/podman/podman.sock");
  // A socket that this user may access is preferred, because the system's socket may be for other
  // users only.
  for (const int wanted : {R_OK | W_OK, F_OK}) {
    for (const std::string& path : paths) {
      if (::access(path.c_str(), wanted) == 0) return path;
    }
  }
  return Failure{ExitCode::kFailure, fmt::format("no Docker daemon found: none of the sockets {} "
                                                 "exists; set DOCKER_HOST, or use --archive",
                                                 fmt::join(paths, ", "))};
}

asio::awaitable<base::Result<void>> save_image(asio::any_io_executor executor, base::Clock& clock,
                                               std::string socket, std::string image,
                                               int descriptor,
                                               std::function<void(std::uint64_t)> on_progress) {
  net::HttpClient client(executor, clock, client_options());
  net::HttpRequest request;
  request.target = "/images/" + image + "/get";
  request.timeout = limits::kDaemonSilence;
  request.bounds = {limits::kHeaderBytes, 0, kProblemBytes};
  auto opening = client.open(server_at(socket), std::move(request));
  auto opened = co_await std::move(opening);
  if (!opened && opened.error().code == base::ErrorCode::kInvalid) co_return opened.error();
  if (!opened) co_return named(socket, opened.error());
  if (!opened->stream) co_return refusal(socket, image, std::move(opened->head));
  for (std::uint64_t bytes = 0;;) {
    auto reading = opened->stream->read(limits::kDaemonSilence);
    const auto part = co_await std::move(reading);
    if (!part) co_return named(socket, part.error());
    if (part->empty()) co_return base::Result<void>();
    if (const int failure = base::write_all(descriptor, *part); failure != 0) {
      co_return base::invalid(fmt::format(
          "the image cannot be written to a temporary file: {}; set TMPDIR to another folder",
          std::strerror(failure)));
    }
    bytes += part->size();
    on_progress(bytes);
  }
}

}  // namespace cli
