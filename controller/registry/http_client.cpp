#include "registry/http_client.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "base/text/text.h"

namespace registry {
namespace {

namespace asio = boost::asio;

using base::malformed;

template <class T>
using Awaitable = asio::awaitable<base::Result<T>>;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool keeps_method(int status) { return status == 307 || status == 308; }

net::HttpClientOptions client_options(const HttpOptions& options) {
  net::HttpClientOptions http;
  http.user_agent = options.user_agent;
  // The callers bound their requests (limits::kUploads), and a client lives for one check or push
  // only, so neither the number of connections nor their idle time needs a limit here.
  http.pool.idle_connections = limits::kUploads + 1;
  http.connect_timeout = options.connect_timeout;
  http.silence = options.silence;
  return http;
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& line) {
    return base::equal_ignoring_case(line.name, name);
  });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

HttpClient::HttpClient(const asio::any_io_executor& executor, base::Clock& clock, Trust& trust,
                       HttpOptions options)
    : executor_(executor),
      trust_(trust),
      options_(std::move(options)),
      http_(executor, clock, client_options(options_)) {}

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

base::Result<std::shared_ptr<net::TlsContext>> HttpClient::tls_context(
    const net::ServerUrl& server) {
  return options_.insecure.matches(server) ? trust_.unverified() : trust_.verified();
}

base::Result<net::HttpServer> HttpClient::server_of(const net::ServerUrl& url) {
  if (!options_.only.empty() && net::host_and_port(url.host, url.port) != options_.only) {
    return base::Error{base::ErrorCode::kInvalid,
                       fmt::format("{} refers to {}, but no other server may be contacted",
                                   options_.only, url.authority())};
  }
  auto proxy = net::proxy_from_environment(url, options_.environment);
  if (!proxy) return proxy.error();
  net::HttpServer server;
  server.name = url.authority();
  server.route.server = url;
  server.route.proxy = std::move(*proxy);
  server.route.tls_name = url.host;
  server.route.tcp_user_timeout = limits::kTcpUserTimeout;
  server.route.header_bytes = options_.header_bytes;
  if (const auto address = net::address_of(url.host)) {
    if (auto allowed = check_address(url, *address); !allowed) return allowed.error();
  }
  // Capturing `this` is safe: both functions are called only while send() runs.
  server.route.guard = [this, url](const asio::ip::address& resolved) {
    return check_address(url, resolved);
  };
  if (server.route.uses_tls()) server.tls = [this, url] { return tls_context(url); };
  return server;
}

Awaitable<HttpAnswer> HttpClient::send(HttpRequest request, Instant deadline) {
  auto server = server_of(request.url.server);
  if (!server) co_return server.error();
  net::HttpRequest sent;
  sent.method = std::move(request.method);
  sent.target = request.url.target;
  sent.headers = std::move(request.headers);
  sent.body = std::move(request.body);
  sent.source = request.source;
  // A request may be repeated: PUT, PATCH and DELETE have the same effect again, and an additional
  // upload that a repeated POST begins is removed by the registry. A body from a source is not
  // repeated, because BlobUpload first asks how much of it the registry has.
  sent.repeat = request.source == nullptr ? net::Repeat::kAlways : net::Repeat::kNever;
  sent.deadline = deadline;
  sent.timeout = request.timeout > std::chrono::milliseconds::zero() ? request.timeout
                                                                     : options_.request_timeout;
  sent.bounds = {options_.header_bytes,
                 request.answer_bytes != 0 ? request.answer_bytes : options_.body_bytes};
  sent.answer_headers = net::AnswerParser::Headers::kKept;
  auto sending = http_.send(std::move(*server), std::move(sent));
  auto answer = co_await std::move(sending);
  if (!answer) co_return answer.error();
  co_return HttpAnswer{answer->status, std::move(answer->headers), std::move(answer->body),
                       std::move(request.url)};
}

Awaitable<HttpAnswer> HttpClient::follow(HttpRequest request, CrossHostRedirect cross_host,
                                         Instant deadline) {
  for (int redirects = 0;; ++redirects) {
    auto sending = send(request, deadline);
    auto answer = co_await std::move(sending);
    if (!answer || !is_redirect(answer->status)) co_return answer;
    const std::string who = request.url.server.authority();
    if (redirects == limits::kRedirects) {
      co_return malformed(fmt::format("{} redirects more than {} times", who, limits::kRedirects));
    }
    if (!net::reads_only(request.method) && !keeps_method(answer->status)) {
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
