// Fuzz target for the operator's HTTP server, over a socket pair. Whatever the client sends, the
// server answers in HTTP with a known status and closes the connection. Another connection that is
// open meanwhile gets its answers.
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <set>

#include "fuzz/property.h"
#include "serve/http_server.h"

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

std::vector<serve::Route> routes() {
  serve::Route ready;
  ready.path = "/readyz";
  ready.handler = [](serve::Request&& request) {
    return serve::Response{request.has_parameter("verbose") ? 500 : 200, "text/plain", "ok\n"};
  };
  serve::Route echo;
  echo.path = "/mutate";
  echo.methods = {"POST"};
  echo.body_bytes = 64;
  echo.handler = [](serve::Request&& request) {
    fuzz::require(request.body.size() <= 64, "no body is longer than its bound");
    std::string hexadecimal;  // so that the body cannot look like another answer
    for (const unsigned char byte : request.body) hexadecimal += fmt::format("{:02x}", byte);
    return serve::Response{200, "application/json", std::move(hexadecimal)};
  };
  return {ready, echo};
}

// Server holds the HttpServer and connects clients to it. It is made once for all inputs.
class Server {
 public:
  Server() {
    fuzz::require(server_.bind({"127.0.0.1", 0}).has_value(), "a port can be had");
    asio::co_spawn(context_, server_.run(), asio::detached);
    context_.poll();
  }

  // Sends the pieces and returns all bytes until the server closes the connection.
  std::string answers(const std::vector<std::string_view>& pieces) {
    const int kept = connect();
    ask_kept(kept);
    const int client = connect();
    std::string text;
    for (const std::string_view piece : pieces) {
      if (::send(client, piece.data(), piece.size(), MSG_NOSIGNAL) < 0) break;
      context_.poll();
      take(client, text);
    }
    ask_kept(kept);
    ::close(kept);
    ::shutdown(client, SHUT_WR);
    context_.poll();
    take(client, text);
    ::close(client);
    context_.poll();
    fuzz::require(server_.connections() == 0, "a connection that has ended is let go");
    return text;
  }

 private:
  // Returns the client's end of a new connection.
  int connect() {
    int ends[2] = {};
    fuzz::require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0,
                  "sockets can be had");
    tcp::socket socket(context_);
    socket.assign(tcp::v4(), ends[0]);
    server_.serve(std::move(socket));
    return ends[1];
  }

  void ask_kept(int kept) {
    constexpr std::string_view kRequest = "GET /readyz HTTP/1.1\r\nHost: kept\r\n\r\n";
    std::string answer;
    fuzz::require(::send(kept, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) > 0,
                  "a kept connection stays open");
    context_.poll();
    take(kept, answer);
    fuzz::require(answer.starts_with("HTTP/1.1 200 "), "a kept connection is answered");
  }

  static void take(int end, std::string& text) {
    char buffer[4096];
    for (ssize_t got = 0; (got = ::recv(end, buffer, sizeof buffer, 0)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(got));
    }
  }

  asio::io_context context_{1};
  base::Logger logger_ = base::Logger::silent();
  serve::HttpServer server_{context_.get_executor(), routes(), logger_};
};

// Returns the statuses of the answers, and requires that each answer is complete.
std::vector<int> statuses(std::string_view text, bool head_only) {
  static const std::set<int> kKnown = {200, 400, 404, 405, 413, 431, 500};
  constexpr std::string_view kStart = "HTTP/1.1 ";
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  std::vector<int> found;
  while (!text.empty()) {
    fuzz::require(text.starts_with(kStart), "an answer begins where the one before it ends");
    const std::size_t end = text.find("\r\n\r\n");
    fuzz::require(end != std::string_view::npos, "an answer has a whole head");
    const std::string head(text.substr(0, end));
    found.push_back(std::stoi(head.substr(kStart.size())));
    fuzz::require(kKnown.count(found.back()) == 1, "a status is one of those that are documented");
    const std::size_t length = head.find(kLength);
    fuzz::require(length != std::string::npos, "an answer has a length");
    const std::size_t body = std::stoul(head.substr(length + kLength.size()));
    text.remove_prefix(end + 4);
    if (head_only) continue;
    fuzz::require(body <= text.size(), "an answer has a whole body");
    text.remove_prefix(body);
  }
  return found;
}

// Removes a final 400 answer, which depends on the pieces: Beast reports an incomplete text as
// malformed or as cut off, depending on where it stopped. If a chunk extension has an open quote,
// which is malformed, this also removes a 413: Beast counts the bytes of such a line again with
// every read, so that a request in pieces may exceed the bound first.
std::string_view without_refusal(std::string_view answers, std::string_view request) {
  std::string_view left = answers.substr(0, answers.rfind("HTTP/1.1 400 "));
  const std::size_t quote = request.rfind('"');
  if (quote != std::string_view::npos && request.find(';') < quote) {
    left = left.substr(0, left.rfind("HTTP/1.1 413 "));
  }
  return left;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Server& server = *new Server();  // never destroyed, since its coroutine is never cancelled
  const std::string_view text = fuzz::text_of(data, size);
  const auto ways = fuzz::ways_to_cut(text);
  const std::string whole = server.answers(ways.front());
  // With a HEAD among other requests, it is not known which answer has no body.
  if (text.find("HEAD ") == std::string_view::npos) statuses(whole, false);
  const std::string pieced = server.answers(ways.back());
  fuzz::require_same(without_refusal(pieced, text), without_refusal(whole, text),
                     "pieces make no difference");
  return 0;
}
