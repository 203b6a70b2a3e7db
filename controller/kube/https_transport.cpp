#include "kube/https_transport.h"

#include <string>
#include <string_view>
#include <vector>

#include "json/sieve/sieve.h"
#include "kube/config/credentials.h"
#include "net/http/http_client.h"
#include "net/text.h"

namespace kube {
namespace {

namespace asio = boost::asio;

constexpr int kStatusUnauthorized = 401;

Response response_of(net::HttpAnswer answer) {
  return {answer.status, std::move(answer.body), answer.retry_after};
}

net::AnswerParser::BodyFilter sieve_for(const json::Shape& keep, std::size_t keep_bytes) {
  auto sieve = std::make_shared<json::Sieve>(keep, keep_bytes, json::Sieve::Input::kOne);
  return [sieve](std::string_view piece, std::string& kept) { sieve->feed(piece, kept); };
}

class HttpStream final : public Stream {
 public:
  explicit HttpStream(std::unique_ptr<net::HttpStream> body) : body_(std::move(body)) {}

  Awaitable<std::string> read(std::chrono::milliseconds silence) override {
    return body_->read(silence);
  }

 private:
  std::unique_ptr<net::HttpStream> body_;
};

class HttpsTransport final : public Transport {
 public:
  HttpsTransport(ClientConfig config, base::Clock& clock, base::Logger& logger,
                 asio::any_io_executor executor, TransportBounds bounds)
      : config_(std::move(config)),
        bounds_(bounds),
        clock_(clock),
        credentials_(config_, clock, logger, executor,
                     {bounds.reload, bounds.plugin_timeout, bounds.plugin_retry}),
        http_(executor, clock, options()) {
    server_.route = {
        config_.server, config_.proxy,
        config_.tls_server_name.empty() ? config_.server.host : config_.tls_server_name,
        bounds.tcp_user_timeout, bounds.header_bytes};
    server_.name = config_.server.text();
    add_constant_headers();
  }

  base::Result<void> load() { return credentials_.load(); }

  Awaitable<Response> send(Request request) override {
    const bool sifts = request.keep != nullptr;
    auto answering =
        with_credentials(std::move(request), bounds_.body_bytes, &net::HttpClient::send);
    auto answer = co_await std::move(answering);
    if (!answer) co_return answer.error();
    Response response = response_of(std::move(*answer));
    response.sifted = sifts;
    co_return std::move(response);
  }

  Awaitable<Opened> open(Request request) override {
    request.keep = nullptr;  // the reader of the stream has a sieve
    auto opening = with_credentials(std::move(request), 0, &net::HttpClient::open);
    auto answer = co_await std::move(opening);
    if (!answer) co_return answer.error();
    Opened opened{response_of(std::move(answer->head)), nullptr};
    if (answer->stream) opened.stream = std::make_unique<HttpStream>(std::move(answer->stream));
    co_return std::move(opened);
  }

 private:
  // An Exchange is a request with its server and the credentials that it sends.
  struct Exchange {
    net::HttpServer server;
    net::HttpRequest request;
    std::string authorization;
  };

  net::HttpClientOptions options() const {
    net::HttpClientOptions options;
    options.user_agent = config_.user_agent;
    options.pool = {bounds_.connections, bounds_.connections, bounds_.idle};
    options.connect_timeout = bounds_.connect_timeout;
    return options;
  }

  void add_constant_headers() {
    headers_ = {{"Accept", "application/json"}};
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

  static int status_of(const net::HttpAnswer& answer) { return answer.status; }
  static int status_of(const net::HttpOpened& answer) { return answer.head.status; }

  // Sends the request by `ask`, and once more if the answer is HTTP 401 and the credentials have
  // been renewed since. `body_bytes`: maximum size of the body; a stream has no maximum.
  template <class Answer>
  Awaitable<Answer> with_credentials(Request request, std::size_t body_bytes,
                                     Awaitable<Answer> (net::HttpClient::*ask)(net::HttpServer,
                                                                               net::HttpRequest)) {
    for (int round = 0;; ++round) {
      auto preparing = prepare(request);
      auto exchange = co_await std::move(preparing);
      if (!exchange) co_return exchange.error();
      exchange->request.bounds = {bounds_.header_bytes, body_bytes, limits::kErrorBytes};
      if (request.keep != nullptr) {
        exchange->request.filter = [keep = request.keep, bytes = request.keep_bytes] {
          return sieve_for(*keep, bytes);
        };
      }
      auto asking = (http_.*ask)(std::move(exchange->server), std::move(exchange->request));
      auto answer = co_await std::move(asking);
      if (!answer || status_of(*answer) != kStatusUnauthorized || round > 0) {
        co_return std::move(answer);
      }
      auto renewing = credentials_.refused(exchange->authorization);
      const bool renewed = co_await std::move(renewing);
      if (!renewed) co_return std::move(answer);
    }
  }

  Awaitable<Exchange> prepare(const Request& request) {
    if (!credentials_.fresh()) {
      auto refreshing = credentials_.refresh();
      const auto refreshed = co_await std::move(refreshing);
      if (!refreshed) co_return refreshed.error();
    }
    const Credentials::Identity& identity = credentials_.identity();
    Exchange exchange{server_, {}, identity.authorization};
    if (identity.tls) {
      exchange.server.tls = [tls = identity.tls] { return base::Result<Context>(tls); };
      exchange.server.identity = identity.tls.get();
    }
    net::HttpRequest& sent = exchange.request;
    sent.method = name(request.method);
    sent.target = config_.server.base_path + request.target;
    sent.headers = headers_;
    if (!identity.authorization.empty()) {
      sent.headers.push_back({"Authorization", identity.authorization});
    }
    if (!request.content_type.empty()) {
      sent.headers.push_back({"Content-Type", request.content_type});
    }
    sent.body = request.body;
    const bool reads = request.method == Method::kGet;
    sent.repeat = reads ? net::Repeat::kAlways : net::Repeat::kIfUnwritten;
    const auto timeout = request.timeout > std::chrono::milliseconds::zero()
                             ? request.timeout
                             : bounds_.request_timeout;
    sent.deadline = clock_.now() + timeout;
    co_return std::move(exchange);
  }

  using Context = std::shared_ptr<net::TlsContext>;

  const ClientConfig config_;
  const TransportBounds bounds_;
  base::Clock& clock_;
  Credentials credentials_;
  net::HttpClient http_;
  net::HttpServer server_;                // server of every request, without the TLS identity
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
