#include "kube/https_transport.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "json/sieve.h"
#include "kube/config/credentials.h"
#include "kube/connection_pool.h"
#include "net/connection.h"
#include "net/http.h"
#include "net/text.h"

namespace kube {
namespace {

namespace asio = boost::asio;
using Instant = net::Connection::Instant;

template <class T>
using Awaitable = asio::awaitable<base::Result<T>>;

constexpr int kStatusOk = 200;
constexpr int kStatusUnauthorized = 401;

Response response_of(net::AnswerParser& parser) {
  return {parser.status(), parser.take_body(), parser.retry_after()};
}

// An HttpStream is the body of an answer whose head has already been read.
class HttpStream final : public Stream {
 public:
  HttpStream(std::unique_ptr<net::Connection> connection, std::unique_ptr<net::AnswerParser> parser,
             std::string server)
      : connection_(std::move(connection)),
        parser_(std::move(parser)),
        server_(std::move(server)) {}

  Awaitable<std::string> read(std::chrono::milliseconds silence) override {
    if (failure_) co_return *failure_;
    const Instant deadline = std::chrono::steady_clock::now() + silence;
    while (parser_->body_size() == 0 && !parser_->done()) {
      auto advancing = connection_->advance(*parser_, limits::kStreamChunkBytes, deadline);
      const auto advanced = co_await std::move(advancing);
      if (advanced) continue;
      failure_ = advanced.error();
      failure_->message = fmt::format("{}: {}", server_, failure_->message);
      connection_.reset();
      // Bytes that arrived before the failure are returned first, and the error with the next read.
      if (parser_->body_size() == 0) co_return *failure_;
    }
    co_return parser_->take_body();
  }

 private:
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<net::AnswerParser> parser_;
  std::string server_;
  std::optional<base::Error> failure_;
};

class HttpsTransport final : public Transport {
 public:
  HttpsTransport(ClientConfig config, base::Clock& clock, base::Logger& logger,
                 asio::any_io_executor executor, TransportBounds bounds)
      : config_(std::move(config)),
        bounds_(bounds),
        executor_(executor),
        scratch_(limits::kReadBytes),
        credentials_(config_, clock, logger, executor,
                     {bounds.reload, bounds.plugin_timeout, bounds.plugin_retry}),
        pool_(executor, bounds.connections, bounds.idle) {
    route_ = {config_.server, config_.proxy,
              config_.tls_server_name.empty() ? config_.server.host : config_.tls_server_name,
              bounds.tcp_user_timeout, bounds.header_bytes};
    add_constant_headers();
  }

  base::Result<void> load() { return credentials_.load(); }

  Awaitable<Response> send(Request request) override {
    for (int round = 0;; ++round) {
      auto prepared = prepare(request);
      auto exchange = co_await std::move(prepared);
      if (!exchange) co_return exchange.error();
      auto answering = answer(*exchange);
      auto response = co_await std::move(answering);
      if (!response || response->status != kStatusUnauthorized || round > 0) co_return response;
      auto renewing = credentials_.refused(exchange->authorization);
      const bool renewed = co_await std::move(renewing);
      if (!renewed) co_return response;
    }
  }

  Awaitable<Opened> open(Request request) override {
    for (int round = 0;; ++round) {
      auto prepared = prepare(request);
      auto exchange = co_await std::move(prepared);
      if (!exchange) co_return exchange.error();
      auto opening = open_once(*exchange);
      auto opened = co_await std::move(opening);
      if (!opened || opened->head.status != kStatusUnauthorized || round > 0) co_return opened;
      auto renewing = credentials_.refused(exchange->authorization);
      const bool renewed = co_await std::move(renewing);
      if (!renewed) co_return opened;
    }
  }

 private:
  // An Exchange is an encoded request, with the credentials to send it with and its deadline.
  struct Exchange {
    bool repeatable = false;  // the request may be sent twice
    std::string bytes;
    std::string authorization;
    std::shared_ptr<net::TlsContext> tls;
    Instant deadline;
    const json::Shape* keep = nullptr;  // as in Request
    std::size_t keep_bytes = 0;
  };

  // An Attempt is the result of sending a request over one connection.
  struct Attempt {
    base::Result<Response> response;
    bool stale = false;  // the server had closed the connection, and a second attempt is safe
  };

  void add_constant_headers() {
    headers_ = {{"Host", config_.server.authority()},
                {"User-Agent", config_.user_agent},
                {"Accept", "application/json"}};
    const Impersonation& as = config_.impersonate;
    if (!as.user.empty()) headers_.push_back({"Impersonate-User", as.user});
    if (!as.uid.empty()) headers_.push_back({"Impersonate-Uid", as.uid});
    for (const std::string& group : as.groups) headers_.push_back({"Impersonate-Group", group});
    for (const auto& [key, values] : as.extra) {
      for (const std::string& value : values) {
        headers_.push_back({"Impersonate-Extra-" + net::header_name_part(key), value});
      }
    }
  }

  Awaitable<Exchange> prepare(const Request& request) {
    if (!credentials_.fresh()) {
      auto refreshing = credentials_.refresh();
      const auto refreshed = co_await std::move(refreshing);
      if (!refreshed) co_return refreshed.error();
    }
    const Credentials::Identity& identity = credentials_.identity();
    std::vector<net::HeaderLine> headers = headers_;
    if (!identity.authorization.empty()) {
      headers.push_back({"Authorization", identity.authorization});
    }
    if (!request.content_type.empty()) headers.push_back({"Content-Type", request.content_type});
    if (request.method != Method::kGet || !request.body.empty()) {
      headers.push_back({"Content-Length", std::to_string(request.body.size())});
    }
    route_.add_proxy_headers(headers);
    auto head = net::request_head(name(request.method),
                                  route_.request_target(config_.server.base_path + request.target),
                                  headers);
    if (!head) co_return head.error();
    const auto timeout = request.timeout > std::chrono::milliseconds::zero()
                             ? request.timeout
                             : bounds_.request_timeout;
    co_return Exchange{request.method == Method::kGet,
                       std::move(*head) + request.body,
                       identity.authorization,
                       identity.tls,
                       std::chrono::steady_clock::now() + timeout,
                       request.keep,
                       request.keep_bytes};
  }

  // Sends the request over an idle connection, or over a new one if there is none or it is stale.
  Awaitable<Response> answer(const Exchange& exchange) {
    auto waiting = pool_.permit(exchange.deadline);
    const auto permit = co_await std::move(waiting);
    if (!permit) {
      co_return named({base::ErrorCode::kTimeout, "no connection was free in time"});
    }
    if (auto idle = pool_.take(exchange.tls.get())) {
      auto trying = attempt(std::move(idle), exchange);
      auto tried = co_await std::move(trying);
      if (!tried.stale) co_return std::move(tried.response);
    }
    auto connecting = connect(exchange);
    auto connection = co_await std::move(connecting);
    if (!connection) co_return connection.error();
    auto trying = attempt(std::move(*connection), exchange);
    auto tried = co_await std::move(trying);
    co_return std::move(tried.response);
  }

  Awaitable<std::unique_ptr<net::Connection>> connect(const Exchange& exchange) {
    auto connection = std::make_unique<net::Connection>(executor_, scratch_);
    const Instant limit = std::chrono::steady_clock::now() + bounds_.connect_timeout;
    auto connecting = connection->connect(route_, exchange.tls, std::min(limit, exchange.deadline));
    const auto connected = co_await std::move(connecting);
    if (!connected) co_return connected.error();
    co_return connection;
  }

  asio::awaitable<Attempt> attempt(std::unique_ptr<net::Connection> connection,
                                   const Exchange& exchange) {
    const std::uint64_t written_before = connection->written();
    net::AnswerParser parser({bounds_.header_bytes, bounds_.body_bytes, limits::kErrorBytes});
    if (exchange.keep != nullptr) {
      parser.filter_body(
          [sieve = std::make_shared<json::Sieve>(*exchange.keep, exchange.keep_bytes,
                                                 json::Sieve::Input::kOne)](
              std::string_view piece, std::string& kept) { sieve->feed(piece, kept); });
    }
    auto exchanging = converse(*connection, exchange, parser, Until::kEnd);
    const auto exchanged = co_await std::move(exchanging);
    if (!exchanged) {
      const bool broke = exchanged.error().code == base::ErrorCode::kNetwork;
      const bool safe = exchange.repeatable || connection->written() == written_before;
      co_return Attempt{named(exchanged.error()), broke && safe && !parser.started()};
    }
    if (parser.keep_alive()) pool_.keep(std::move(connection));
    Response response = response_of(parser);
    response.sifted = exchange.keep != nullptr;
    co_return Attempt{std::move(response), false};
  }

  enum class Until { kEnd, kStream };

  // Writes the request and reads the answer. With kStream, reading stops after the head of an HTTP
  // 200 answer.
  Awaitable<void> converse(net::Connection& connection, const Exchange& exchange,
                           net::AnswerParser& parser, Until until) {
    auto writing = connection.write(exchange.bytes, exchange.deadline);
    const auto written = co_await std::move(writing);
    // A peer that closes the connection early may have sent the reason before: a TLS alert, or an
    // answer to an incomplete request. So read what has already arrived.
    const bool cut = !written && written.error().code == base::ErrorCode::kNetwork;
    if (!written && !cut) co_return written.error();
    const Instant deadline = cut ? std::chrono::steady_clock::now() : exchange.deadline;
    const bool stream = until == Until::kStream;
    const std::size_t batch = stream ? 1 : limits::kBytesBeforeYield;
    while (!parser.done() && !(stream && parser.head_done() && parser.status() == kStatusOk)) {
      if (stream && parser.head_done()) parser.keep_whole_body(limits::kErrorBytes);
      auto advancing = connection.advance(parser, batch, deadline);
      const auto advanced = co_await std::move(advancing);
      if (advanced) continue;
      const bool has_cause = !cut || advanced.error().code == base::ErrorCode::kTls;
      co_return has_cause ? advanced.error() : written.error();
    }
    co_return base::Result<void>();
  }

  Awaitable<Opened> open_once(const Exchange& exchange) {
    auto connecting = connect(exchange);
    auto connection = co_await std::move(connecting);
    if (!connection) co_return connection.error();
    auto parser = std::make_unique<net::AnswerParser>(net::AnswerBounds{bounds_.header_bytes, 0});
    auto exchanging = converse(**connection, exchange, *parser, Until::kStream);
    const auto exchanged = co_await std::move(exchanging);
    if (!exchanged) co_return named(exchanged.error());
    if (parser->status() != kStatusOk) co_return Opened{response_of(*parser), nullptr};
    Response head{parser->status(), {}, parser->retry_after()};
    co_return Opened{std::move(head),
                     std::make_unique<HttpStream>(std::move(*connection), std::move(parser),
                                                  config_.server.text())};
  }

  base::Error named(base::Error error) const {
    error.message = fmt::format("{}: {}", config_.server.text(), error.message);
    return error;
  }

  const ClientConfig config_;
  const TransportBounds bounds_;
  asio::any_io_executor executor_;
  std::vector<char> scratch_;
  Credentials credentials_;
  ConnectionPool pool_;
  net::ServerRoute route_;
  std::vector<net::HeaderLine> headers_;  // the same in every request
};

}  // namespace

base::Result<std::unique_ptr<Transport>> make_https_transport(ClientConfig config,
                                                              base::Clock& clock,
                                                              base::Logger& logger,
                                                              asio::any_io_executor executor,
                                                              TransportBounds bounds) {
  auto transport = std::make_unique<HttpsTransport>(std::move(config), clock, logger,
                                                    std::move(executor), bounds);
  if (const auto loaded = transport->load(); !loaded) return loaded.error();
  return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace kube
