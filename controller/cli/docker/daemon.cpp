#include "cli/docker/daemon.h"

#include <fmt/core.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <vector>

#include "async/wait.h"
#include "base/limits.h"
#include "base/text/quote.h"
#include "cli/docker/context.h"
#include "cli/terminal/output.h"
#include "json/fields.h"
#include "net/http.h"

namespace cli {
namespace {

// The body of an error answer of Docker's API.
struct Problem {
  std::string message;
  std::string cause;  // only podman sends it
};

}  // namespace
}  // namespace cli

template <>
struct json::Fields<cli::Problem> {
  using T = cli::Problem;
  static constexpr auto kTable =
      std::make_tuple(json::field("message", &T::message), json::field("cause", &T::cause));
};

namespace cli {
namespace {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;
using Instant = asio::steady_timer::time_point;

constexpr std::string_view kUnix = "unix://";
constexpr int kStatusOk = 200;
constexpr int kStatusNotFound = 404;
constexpr std::size_t kProblemBytes = 64 << 10;

// Exchange sends one request and reads its answer.
class Exchange {
 public:
  Exchange(const asio::any_io_executor& executor, std::string path)
      : path_(std::move(path)), socket_(executor), timer_(executor) {}

  asio::awaitable<base::Result<void>> send(std::string head) {
    const asio::local::stream_protocol::endpoint endpoint(path_);
    auto connecting = async::wait_until(timer_, soon(limits::kConnectTimeout),
                                        socket_.async_connect(endpoint, asio::deferred));
    const boost::system::error_code error = co_await std::move(connecting);
    if (error) co_return failed(base::ErrorCode::kNetwork, error.message());
    socket_.native_non_blocking(true);
    // The head of the request fits into the socket's buffer.
    const ssize_t written = ::write(socket_.native_handle(), head.data(), head.size());
    if (written == static_cast<ssize_t>(head.size())) co_return base::Result<void>();
    co_return failed(base::ErrorCode::kNetwork, "it does not accept the request");
  }

  // Reads more of the answer into the parser.
  asio::awaitable<base::Result<void>> advance(net::AnswerParser& parser) {
    for (;;) {
      const ssize_t got = ::read(socket_.native_handle(), buffer_.data(), buffer_.size());
      if (got > 0) {
        co_return named(parser.feed({buffer_.data(), static_cast<std::size_t>(got)}));
      }
      if (got == 0) co_return named(parser.end());
      if (errno != EAGAIN && errno != EINTR) {
        co_return failed(base::ErrorCode::kNetwork, std::strerror(errno));
      }
      auto waiting = async::wait_until(timer_, soon(limits::kDaemonSilence),
                                       socket_.async_wait(Socket::wait_read, asio::deferred));
      const boost::system::error_code error = co_await std::move(waiting);
      if (error == asio::error::timed_out) {
        co_return failed(base::ErrorCode::kTimeout, "no answer in time");
      }
      if (error) co_return failed(base::ErrorCode::kNetwork, error.message());
    }
  }

  base::Error failed(base::ErrorCode code, std::string_view why) const {
    return {code, fmt::format("the daemon at {}: {}", path_, why)};
  }

 private:
  static Instant soon(std::chrono::milliseconds duration) {
    return std::chrono::steady_clock::now() + duration;
  }

  base::Result<void> named(base::Result<void> result) const {
    if (result) return result;
    return failed(result.error().code, result.error().message);
  }

  std::string path_;
  Socket socket_;
  asio::steady_timer timer_;
  std::array<char, limits::kDaemonReadBytes> buffer_{};
};

base::Error refusal(const Exchange& exchange, const std::string& image, int status,
                    std::string body) {
  if (status == kStatusNotFound) {
    return exchange.failed(base::ErrorCode::kNotFound,
                           fmt::format("it has no image {}", base::shown(image)));
  }
  const auto problem = json::parse<Problem>(std::move(body));
  const std::string said = problem ? base::reported(problem->message) : "";
  return exchange.failed(base::ErrorCode::kInternal,
                         fmt::format("HTTP status {} for image {}{}{}", status, base::shown(image),
                                     said.empty() ? "" : ": ", said));
}

base::Result<void> write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return base::Error{
          base::ErrorCode::kInvalid,
          fmt::format(
              "the image cannot be written to a temporary file: {}; set TMPDIR to another folder",
              std::strerror(errno))};
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
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
  // Sockets that this user may access come first, because the system socket may belong to other
  // users.
  for (const int wanted : {R_OK | W_OK, F_OK}) {
    for (const std::string& path : paths) {
      if (::access(path.c_str(), wanted) == 0) return path;
    }
  }
  return Failure{ExitCode::kFailure, fmt::format("no Docker daemon found: none of the sockets {} "
                                                 "exists; set DOCKER_HOST, or use --archive",
                                                 fmt::join(paths, ", "))};
}

asio::awaitable<base::Result<void>> save_image(asio::any_io_executor executor, std::string socket,
                                               std::string image, int descriptor,
                                               std::function<void(std::uint64_t)> on_progress) {
  Exchange exchange(executor, socket);
  const auto head =
      net::request_head("GET", "/images/" + image + "/get",
                        {{"Host", "localhost"}, {"User-Agent", "kubectl-localregistry"}});
  if (!head) co_return head.error();
  auto sending = exchange.send(*head);
  const auto sent = co_await std::move(sending);
  if (!sent) co_return sent.error();
  net::AnswerParser parser({limits::kHeaderBytes, 0});
  std::uint64_t bytes = 0;
  while (!parser.done()) {
    auto advancing = exchange.advance(parser);
    const auto advanced = co_await std::move(advancing);
    if (!advanced) co_return advanced.error();
    if (!parser.head_done()) continue;
    if (parser.status() != kStatusOk) {
      parser.keep_whole_body(kProblemBytes);
      continue;
    }
    const std::string part = parser.take_body();
    if (const auto written = write_all(descriptor, part); !written) co_return written.error();
    bytes += part.size();
    on_progress(bytes);
  }
  if (parser.status() == kStatusOk) co_return base::Result<void>();
  co_return refusal(exchange, image, parser.status(), parser.take_body());
}

}  // namespace cli
