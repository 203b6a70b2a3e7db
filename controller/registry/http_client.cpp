#include "registry/http_client.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "base/text/text.h"

namespace registry {
namespace {

namespace asio = boost::asio;

template <class T>
using Awaitable = asio::awaitable<base::Result<T>>;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool keeps_method(int status) { return status == 307 || status == 308; }

bool reads_only(const std::string& method) { return method == "GET" || method == "HEAD"; }

base::Error malformed(std::string message) {
  return {base::ErrorCode::kMalformed, std::move(message)};
}

base::Error named(const net::ServerUrl& server, base::Error error) {
  error.message = fmt::format("{}: {}", server.authority(), error.message);
  return error;
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& line) {
    return base::equal_ignoring_case(line.name, name);
  });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

HttpClient::HttpClient(const asio::any_io_executor& executor, Trust& trust, HttpOptions options)
    : executor_(executor),
      trust_(trust),
      options_(std::move(options)),
      scratch_(limits::kReadBytes) {}

HttpClient::~HttpClient() = default;

base::Result<std::string> HttpClient::head_of(const HttpRequest& request) const {
  std::vector<net::HeaderLine> headers = {{"Host", request.url.server.authority()},
                                          {"User-Agent", options_.user_agent}};
  headers.insert(headers.end(), request.headers.begin(), request.headers.end());
  const std::uint64_t size =
      request.source != nullptr ? request.source->size() : request.body.size();
  if (!reads_only(request.method)) headers.push_back({"Content-Length", std::to_string(size)});
  const auto route = route_to(request.url.server);
  if (!route) return route.error();
  route->add_proxy_headers(headers);
  return net::request_head(request.method, route->request_target(request.url.target), headers);
}

HttpClient::Instant HttpClient::exchange_deadline(const HttpRequest& request,
                                                  Instant deadline) const {
  const auto timeout = request.timeout > std::chrono::milliseconds::zero()
                           ? request.timeout
                           : options_.request_timeout;
  return std::min(deadline, std::chrono::steady_clock::now() + timeout);
}

base::Result<void> HttpClient::check_address(const net::ServerUrl& server,
                                             const asio::ip::address& address) const {
  if (!options_.guard || may_connect_to(address, server, options_.insecure, options_.denied)) {
    return {};
  }
  const std::string_view use = special_use(address);
  if (use.empty() || options_.denied.always.contains(address)) {
    return base::Error{base::ErrorCode::kInvalid,
                       fmt::format("{} has the address {}, which push checks must not contact",
                                   server.authority(), address.to_string())};
  }
  return base::Error{base::ErrorCode::kInvalid,
                     fmt::format("{} has the address {}: a {} address is contacted only if the "
                                 "registry is configured as insecure",
                                 server.authority(), address.to_string(), use)};
}

base::Result<net::ServerRoute> HttpClient::route_to(const net::ServerUrl& server) const {
  auto proxy = net::proxy_from_environment(server, options_.environment);
  if (!proxy) return proxy.error();
  net::ServerRoute route;
  route.server = server;
  route.proxy = std::move(*proxy);
  route.tls_name = server.host;
  route.tcp_user_timeout = limits::kTcpUserTimeout;
  route.header_bytes = options_.header_bytes;
  boost::system::error_code not_address;
  const auto address = asio::ip::make_address(server.host, not_address);
  if (!not_address) {
    if (auto allowed = check_address(server, address); !allowed) return allowed.error();
  }
  // Capturing `this` is safe: the guard is called only while send() runs.
  route.guard = [this, server](const asio::ip::address& resolved) {
    return check_address(server, resolved);
  };
  return route;
}

HttpClient::ConnectionPtr HttpClient::take_idle(const net::ServerUrl& server) {
  for (auto entry = idle_.begin(); entry != idle_.end();) {
    ConnectionPtr connection;
    const bool fits = entry->server == server;
    if (fits) connection = std::move(entry->connection);
    entry = fits ? idle_.erase(entry) : std::next(entry);
    if (connection && connection->is_reusable()) return connection;
  }
  return nullptr;
}

void HttpClient::keep(const net::ServerUrl& server, ConnectionPtr connection) {
  idle_.push_front({server, std::move(connection)});
  if (idle_.size() > limits::kUploads + 1) idle_.pop_back();
}

Awaitable<HttpClient::ConnectionPtr> HttpClient::connect(net::ServerUrl server, Instant deadline) {
  const auto route = route_to(server);
  if (!route) co_return route.error();
  Trust::Context context;
  if (server.tls || (route->proxy && route->proxy->tls())) {
    auto found = options_.insecure.matches(server) ? trust_.unverified() : trust_.verified();
    if (!found) co_return found.error();
    context = std::move(*found);
  }
  auto connection = std::make_unique<net::Connection>(executor_, scratch_);
  const Instant limit = std::chrono::steady_clock::now() + options_.connect_timeout;
  auto connecting = connection->connect(*route, std::move(context), std::min(limit, deadline));
  const auto connected = co_await std::move(connecting);
  if (!connected) co_return connected.error();
  co_return connection;
}

// Returns true when the whole body was sent, false when the server answered or closed earlier.
Awaitable<bool> HttpClient::write_source(net::Connection& connection, BodySource& source) {
  std::vector<char> buffer(limits::kUploadReadBytes);
  std::uint64_t left = source.size();
  while (left > 0) {
    if (!connection.is_reusable()) co_return false;
    const std::span<char> room(buffer.data(), std::min<std::uint64_t>(buffer.size(), left));
    const auto got = source.read(room);
    if (!got) co_return got.error();
    if (*got == 0)
      co_return base::Error{base::ErrorCode::kInvalid, "the file became shorter while it was read"};
    const Instant silence = std::chrono::steady_clock::now() + options_.silence;
    auto writing = connection.write({buffer.data(), *got}, silence);
    const auto written = co_await std::move(writing);
    if (!written) co_return written.error();
    source.sent(*got);
    left -= *got;
  }
  co_return true;
}

Awaitable<bool> HttpClient::write(net::Connection& connection, const HttpRequest& request,
                                  const std::string& head, Instant deadline) {
  const std::string bytes = head + request.body;
  auto writing = connection.write(bytes, deadline);
  const auto written = co_await std::move(writing);
  if (!written) co_return written.error();
  if (request.source == nullptr) co_return true;
  if (const auto rewound = request.source->rewind(); !rewound) co_return rewound.error();
  auto streaming = write_source(connection, *request.source);
  auto streamed = co_await std::move(streaming);
  co_return streamed;
}

asio::awaitable<HttpClient::Attempt> HttpClient::attempt(ConnectionPtr connection,
                                                         const HttpRequest& request,
                                                         const std::string& head,
                                                         Instant deadline) {
  const net::ServerUrl server = request.url.server;
  const bool whole = request.source == nullptr;
  Instant limit = exchange_deadline(request, deadline);
  auto writing = write(*connection, request, head, limit);
  const auto written = co_await std::move(writing);
  // A server that closes the connection during the request may have sent the reason before that: a
  // TLS alert or an early answer. So the answer is still read, without waiting.
  const bool cut = !written && written.error().code == base::ErrorCode::kNetwork;
  if (!written && !cut) co_return Attempt{named(server, written.error())};
  const bool complete = written && *written;
  if (!whole) limit = exchange_deadline(request, deadline);
  if (cut) limit = std::chrono::steady_clock::now();
  const std::size_t body_bytes =
      request.answer_bytes != 0 ? request.answer_bytes : options_.body_bytes;
  using Parser = net::AnswerParser;
  Parser parser({options_.header_bytes, body_bytes},
                request.method == "HEAD" ? Parser::Kind::kHead : Parser::Kind::kPlain,
                Parser::Headers::kKept);
  while (!parser.done()) {
    auto advancing = connection->advance(parser, limits::kBytesBeforeYield, limit);
    const auto advanced = co_await std::move(advancing);
    if (advanced) continue;
    const base::Error& error =
        cut && advanced.error().code != base::ErrorCode::kTls ? written.error() : advanced.error();
    const bool stale = whole && error.code == base::ErrorCode::kNetwork && !parser.started();
    co_return Attempt{named(server, error), stale};
  }
  HttpAnswer answer{parser.status(), parser.headers(), {}, request.url};
  answer.body = parser.take_body();
  if (complete && parser.keep_alive()) keep(server, std::move(connection));
  co_return Attempt{std::move(answer)};
}

Awaitable<HttpAnswer> HttpClient::send(HttpRequest request, Instant deadline) {
  const auto head = head_of(request);
  if (!head) co_return head.error();
  if (auto idle = take_idle(request.url.server)) {
    auto trying = attempt(std::move(idle), request, *head, deadline);
    auto tried = co_await std::move(trying);
    if (!tried.stale) co_return std::move(tried.answer);
  }
  auto connecting = connect(request.url.server, exchange_deadline(request, deadline));
  auto connection = co_await std::move(connecting);
  if (!connection) co_return connection.error();
  auto trying = attempt(std::move(*connection), request, *head, deadline);
  auto tried = co_await std::move(trying);
  co_return std::move(tried.answer);
}

Awaitable<HttpAnswer> HttpClient::follow(HttpRequest request, CrossHostRedirect cross_host,
                                         Instant deadline) {
  for (int redirects = 0;; ++redirects) {
    auto sending = send(request, deadline);
    auto answer = co_await std::move(sending);
    if (!answer || !is_redirect(answer->status)) co_return answer;
    const std::string who = request.url.server.authority();
    if (redirects == limits::kRedirects) {
      co_return malformed(fmt::format("{} redirects too many times", who));
    }
    if (!reads_only(request.method) && !keeps_method(answer->status)) {
      co_return malformed(
          fmt::format("{} redirects a {} request in a way that changes its method (HTTP status {})",
                      who, request.method, answer->status));
    }
    auto target = resolve_url(request.url, answer->header("Location"));
    if (!target) {
      co_return malformed(
          fmt::format("{} redirects to an invalid URL: {}", who, target.error().message));
    }
    const net::ServerUrl& from = request.url.server;
    if (from.tls && !target->server.tls) {
      co_return malformed(who + " redirects from HTTPS to plain HTTP, which is not followed");
    }
    if (!same_host(from, target->server)) {
      if (cross_host == CrossHostRedirect::kRefused) {
        co_return malformed(who + " redirects to another host, which is not followed");
      }
      std::erase_if(request.headers, [](const net::HeaderLine& line) {
        return base::equal_ignoring_case(line.name, "Authorization");
      });
    }
    request.url = std::move(*target);
  }
}

}  // namespace registry
