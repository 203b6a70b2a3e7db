#include "cli/daemon.h"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/limits.h"
#include "cli/output.h"
#include "json/fields.h"
#include "net/http.h"
#include "net/wait.h"

namespace cli {
namespace {

// How the API says what is wrong.
struct Problem {
  std::string message;
  std::string cause;  // podman
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

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// One request and its answer.
class Exchange {
 public:
  Exchange(const asio::any_io_executor& executor, std::string path)
      : path_(std::move(path)), socket_(executor), timer_(executor) {}

  asio::awaitable<base::Result<void>> send(std::string head) {
    const asio::local::stream_protocol::endpoint endpoint(path_);
    auto connecting = net::wait_until(timer_, soon(limits::kConnectTimeout),
                                      socket_.async_connect(endpoint, asio::deferred));
    const boost::system::error_code error = co_await std::move(connecting);
    if (error) co_return failed(base::ErrorCode::kNetwork, error.message());
    socket_.native_non_blocking(true);
    // A head fits into the socket's buffer.
    const ssize_t written = ::write(socket_.native_handle(), head.data(), head.size());
    if (written == static_cast<ssize_t>(head.size())) co_return base::Result<void>();
    co_return failed(base::ErrorCode::kNetwork, "it takes no request");
  }

  // More of the answer into the parser.
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
      auto waiting = net::wait_until(timer_, soon(limits::kDaemonSilence),
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
    return exchange.failed(base::ErrorCode::kNotFound, fmt::format("it has no image {}", image));
  }
  const auto problem = json::parse<Problem>(std::move(body));
  const std::string said = problem ? printable(problem->message) : "";
  return exchange.failed(base::ErrorCode::kInternal,
                         fmt::format("HTTP status {} for image {}{}{}", status, image,
                                     said.empty() ? "" : ": ", said));
}

base::Result<void> write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return base::Error{base::ErrorCode::kInvalid,
                         fmt::format("the image cannot be kept in a temporary file: {}; TMPDIR "
                                     "names another folder",
                                     std::strerror(errno))};
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Outcome<std::string> daemon_socket(const base::EnvironmentVariables& environment) {
  const std::string host = base::variable(environment, "DOCKER_HOST");
  if (!host.empty()) {
    if (host.starts_with(kUnix) && host.size() > kUnix.size()) return host.substr(kUnix.size());
    return Failure{ExitCode::kFailure,
                   fmt::format("DOCKER_HOST: {} is not unix://PATH: save the image and use "
                               "--archive",
                               printable(host))};
  }
  const std::string runtime = base::variable(environment, "XDG_RUNTIME_DIR");
  for (const std::string& path : {std::string("/var/run/docker.sock"),
                                  runtime.empty() ? std::string() : runtime + "/podman/podman.sock",
                                  std::string("/run/podman/podman.sock")}) {
    if (!path.empty() && exists(path)) return path;
  }
  return Failure{ExitCode::kFailure,
                 "no Docker daemon: there is no /var/run/docker.sock and no socket of podman; set "
                 "DOCKER_HOST, or use --archive"};
}

asio::awaitable<base::Result<void>> save_image(asio::any_io_executor executor, std::string socket,
                                               std::string image, int descriptor,
                                               std::function<void(std::uint64_t)> told) {
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
    told(bytes);
  }
  if (parser.status() == kStatusOk) co_return base::Result<void>();
  co_return refusal(exchange, image, parser.status(), parser.take_body());
}

}  // namespace cli
