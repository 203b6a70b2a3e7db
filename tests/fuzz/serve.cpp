// The operator's own HTTP server, over a pair of sockets instead of the network: whatever comes,
// what it answers is HTTP, with a status that it has, it lets go of the connection, and another
// connection that is kept meanwhile has its answers.
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
    std::string hexadecimal;  // so that nothing in it looks like another answer
    for (const unsigned char byte : request.body) hexadecimal += fmt::format("{:02x}", byte);
    return serve::Response{200, "application/json", std::move(hexadecimal)};
  };
  return {ready, echo};
}

// The server and the way to it, made once.
class Server {
 public:
  Server() {
    fuzz::require(server_.bind({"127.0.0.1", 0}).has_value(), "a port can be had");
    asio::co_spawn(context_, server_.run(), asio::detached);
    context_.poll();
  }

  // Everything that comes back until the server closes the connection.
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
  // The client's end of a new connection.
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

// The statuses of the answers, each of which has to be one.
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

// Whether what is cut off is told that it is no HTTP depends on where the parser had got to. A
// chunk whose header has a quoted text that goes on behind its line, which is no HTTP either, Beast
// counts each time that it reads on: in pieces it may be too large before it is found out.
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
  static Server& server = *new Server();  // lives to the end: its coroutine is never cancelled
  const std::string_view text = fuzz::text_of(data, size);
  const auto ways = fuzz::ways_to_cut(text);
  const std::string whole = server.answers(ways.front());
  // Which answer belongs to a HEAD is not to be told once there are others.
  if (text.find("HEAD ") == std::string_view::npos) statuses(whole, false);
  const std::string pieced = server.answers(ways.back());
  fuzz::require_same(without_refusal(pieced, text), without_refusal(whole, text),
                     "pieces make no difference");
  return 0;
}
