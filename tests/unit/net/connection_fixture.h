// Fixture for tests of a Connection against servers on loopback. No test waits for the clock: a
// timeout is a deadline that has passed already. One thread, apart from the servers'.
#pragma once

#include <gmock/gmock.h>

#include <array>
#include <memory>
#include <string>

#include "net/connection.h"
#include "support/coroutine_test.h"
#include "support/scripted_proxy.h"

namespace net_test {

using base::ErrorCode;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing_tls::answers;
using testing_tls::Authority;
using testing_tls::Peer;
using testing_tls::ScriptedServer;
using testing_tls::ServerTls;

using Context = std::shared_ptr<net::TlsContext>;
using Instant = net::Connection::Instant;

// A deadline that no test reaches unless it fails, and one that has passed.
inline Instant later() { return std::chrono::steady_clock::now() + std::chrono::minutes(1); }
inline Instant past() { return std::chrono::steady_clock::now() - std::chrono::seconds(1); }

// What an exchange gave: the error, or the status and body of the answer.
struct Outcome {
  base::Error error = {};
  int status = 0;
  std::string body;
  bool keep_alive = false;

  bool is_error() const { return !error.message.empty(); }
};

class ConnectionTest : public support::CoroutineTest {
 protected:
  std::unique_ptr<net::Connection> connection() {
    return std::make_unique<net::Connection>(io_.get_executor(), scratch_);
  }

  static net::ServerRoute route_to(const std::string& url) {
    net::ServerRoute route;
    route.server = *net::parse_server_url(url);
    route.tls_name = route.server.host;
    route.header_bytes = 1000;
    return route;
  }
  static net::ServerRoute route_to(const ScriptedServer& server, const std::string& scheme = "http",
                                   const std::string& host = "127.0.0.1") {
    return route_to(scheme + "://" + host + ":" + std::to_string(server.port()));
  }

  static net::ProxyUrl proxy_at(const ScriptedServer& proxy, net::ProxyKind kind,
                                const std::string& user = "", const std::string& password = "") {
    return {kind, "127.0.0.1", proxy.port(), user, password};
  }

  base::Result<void> connect(net::Connection& to, const net::ServerRoute& route,
                             Context context = nullptr, Instant deadline = later()) {
    return run(to.connect(route, std::move(context), deadline));
  }

  // Sends a GET and reads its answer.
  Outcome get(net::Connection& connection, net::AnswerBounds bounds = {1000, 1000},
              Instant deadline = later()) {
    return run(exchange(&connection, bounds, deadline));
  }

  // Reads an answer without a request: what the server sends unasked, or how it ends.
  Outcome receive(net::Connection& connection, Instant deadline = later()) {
    return run(receiving(&connection, {1000, 1000}, deadline));
  }

  static boost::asio::awaitable<Outcome> exchange(net::Connection* connection,
                                                  net::AnswerBounds bounds, Instant deadline) {
    const std::string head = *net::request_head("GET", "/", {{"Host", "server.test"}});
    auto writing = connection->write(head, later());
    const auto written = co_await std::move(writing);
    if (!written) co_return Outcome{written.error(), 0, "", false};
    auto reading = receiving(connection, bounds, deadline);
    Outcome outcome = co_await std::move(reading);
    co_return outcome;
  }

  static boost::asio::awaitable<Outcome> receiving(net::Connection* connection,
                                                   net::AnswerBounds bounds, Instant deadline) {
    Outcome outcome;
    net::AnswerParser parser(bounds);
    base::Result<void> done;
    while (done && !parser.done()) {
      auto reading = connection->advance(parser, 1000, deadline);
      done = co_await std::move(reading);
    }
    if (!done) outcome.error = done.error();
    if (parser.head_done()) outcome.status = parser.status();
    outcome.keep_alive = parser.keep_alive();
    outcome.body = parser.take_body();
    co_return outcome;
  }

  std::array<char, 4096> scratch_{};
};

}  // namespace net_test
