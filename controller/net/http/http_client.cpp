#include "net/http/http_client.h"

#include <algorithm>
#include <span>

namespace net {
namespace {

namespace asio = boost::asio;

template <class T>
using Awaitable = asio::awaitable<base::Result<T>>;

constexpr int kStatusOk = 200;

base::Error named(const std::string& name, base::Error error) {
  if (name.empty()) return error;
  return base::prefixed(name, std::move(error));
}

bool may_repeat(Repeat repeat, bool unwritten) {
  return repeat == Repeat::kAlways || (repeat == Repeat::kIfUnwritten && unwritten);
}

std::unique_ptr<AnswerParser> make_parser(const HttpRequest& request) {
  const auto kind =
      request.method == "HEAD" ? AnswerParser::Kind::kHead : AnswerParser::Kind::kPlain;
  auto parser = std::make_unique<AnswerParser>(request.bounds, kind, request.answer_headers);
  if (request.filter) parser->filter_body(request.filter());
  return parser;
}

HttpAnswer answer_of(AnswerParser& parser) {
  return {parser.status(), parser.headers(), parser.take_body(), parser.retry_after()};
}

}  // namespace

HttpStream::HttpStream(std::unique_ptr<Connection> connection, std::unique_ptr<AnswerParser> parser,
                       base::Clock& clock, std::size_t batch, std::string name)
    : connection_(std::move(connection)),
      parser_(std::move(parser)),
      clock_(clock),
      batch_(batch),
      name_(std::move(name)) {}

Awaitable<std::string> HttpStream::read(std::chrono::milliseconds silence) {
  if (failure_) co_return *failure_;
  const Connection::Instant deadline = clock_.now() + silence;
  while (parser_->body_size() == 0 && !parser_->done()) {
    auto advancing = connection_->advance(*parser_, batch_, deadline);
    const auto advanced = co_await std::move(advancing);
    if (advanced) continue;
    failure_ = named(name_, advanced.error());
    connection_.reset();
    if (parser_->body_size() == 0) co_return *failure_;
  }
  co_return parser_->take_body();
}

HttpClient::HttpClient(const asio::any_io_executor& executor, base::Clock& clock,
                       HttpClientOptions options)
    : executor_(executor),
      clock_(clock),
      options_(std::move(options)),
      scratch_(options_.read_bytes),
      pool_(executor, clock, options_.pool) {}

HttpClient::Instant HttpClient::limit_of(const HttpRequest& request) const {
  if (request.timeout <= std::chrono::milliseconds::zero()) return request.deadline;
  return std::min<Instant>(request.deadline, clock_.now() + request.timeout);
}

base::Result<std::string> HttpClient::head_of(const HttpServer& server,
                                              const HttpRequest& request) const {
  std::vector<HeaderLine> headers = {{"Host", server.route.server.authority()},
                                     {"User-Agent", options_.user_agent}};
  headers.insert(headers.end(), request.headers.begin(), request.headers.end());
  const std::uint64_t size =
      request.source != nullptr ? request.source->size() : request.body.size();
  if (size != 0 || !reads_only(request.method)) {
    headers.push_back({"Content-Length", std::to_string(size)});
  }
  server.route.add_proxy_headers(headers);
  return request_head(request.method, server.route.request_target(request.target), headers);
}

Awaitable<HttpAnswer> HttpClient::send(HttpServer server, HttpRequest request) {
  const auto head = head_of(server, request);
  if (!head) co_return head.error();
  auto waiting = pool_.permit(request.deadline);
  const auto permit = co_await std::move(waiting);
  if (!permit) {
    co_return named(server.name, {base::ErrorCode::kTimeout, "no connection became free in time"});
  }
  if (auto idle = pool_.take(server.route, server.identity)) {
    auto trying = attempt(std::move(idle), server, request, *head);
    auto tried = co_await std::move(trying);
    if (!tried.stale) co_return std::move(tried.answer);
  }
  auto connecting = connect(server, request);
  auto connection = co_await std::move(connecting);
  if (!connection) co_return connection.error();
  auto trying = attempt(std::move(*connection), server, request, *head);
  auto tried = co_await std::move(trying);
  co_return std::move(tried.answer);
}

Awaitable<HttpOpened> HttpClient::open(HttpServer server, HttpRequest request) {
  const auto head = head_of(server, request);
  if (!head) co_return head.error();
  auto connecting = connect(server, request);
  auto connection = co_await std::move(connecting);
  if (!connection) co_return connection.error();
  auto parser = make_parser(request);
  auto exchanging = converse(**connection, request, *head, *parser, Until::kStream);
  const auto exchanged = co_await std::move(exchanging);
  if (!exchanged) co_return named(server.name, exchanged.error());
  if (parser->status() != kStatusOk) co_return HttpOpened{answer_of(*parser), nullptr};
  HttpAnswer answer{parser->status(), parser->headers(), {}, parser->retry_after()};
  auto stream = std::make_unique<HttpStream>(std::move(*connection), std::move(parser), clock_,
                                             options_.stream_bytes, std::move(server.name));
  co_return HttpOpened{std::move(answer), std::move(stream)};
}

Awaitable<HttpClient::ConnectionPtr> HttpClient::connect(const HttpServer& server,
                                                         const HttpRequest& request) {
  std::shared_ptr<TlsContext> context;
  if (server.tls) {
    auto found = server.tls();
    if (!found) co_return found.error();
    context = std::move(*found);
  }
  auto connection = std::make_unique<Connection>(executor_, scratch_);
  const Instant limit =
      std::min<Instant>(limit_of(request), clock_.now() + options_.connect_timeout);
  auto connecting = connection->connect(server.route, std::move(context), limit);
  const auto connected = co_await std::move(connecting);
  if (!connected) co_return connected.error();
  co_return connection;
}

asio::awaitable<HttpClient::Attempt> HttpClient::attempt(ConnectionPtr connection,
                                                         const HttpServer& server,
                                                         const HttpRequest& request,
                                                         const std::string& head) {
  const std::uint64_t written_before = connection->written();
  const auto parser = make_parser(request);
  auto exchanging = converse(*connection, request, head, *parser, Until::kEnd);
  const auto written_whole = co_await std::move(exchanging);
  if (!written_whole) {
    const base::Error& error = written_whole.error();
    const bool closed = error.code == base::ErrorCode::kNetwork && !parser->started();
    const bool unwritten = connection->written() == written_before;
    co_return Attempt{named(server.name, error), closed && may_repeat(request.repeat, unwritten)};
  }
  if (*written_whole && parser->keep_alive()) {
    pool_.keep(server.route, std::move(connection));
  }
  co_return Attempt{answer_of(*parser)};
}

// Returns true when the whole body was sent, false when the server answered or closed the
// connection before.
Awaitable<bool> HttpClient::write_source(Connection& connection, BodySource& source) {
  std::vector<char> buffer(limits::kUploadReadBytes);
  std::uint64_t left = source.size();
  while (left > 0) {
    if (!connection.is_reusable()) co_return false;
    const std::span<char> room(buffer.data(), std::min<std::uint64_t>(buffer.size(), left));
    const auto got = source.read(room);
    if (!got) co_return got.error();
    if (*got == 0) {
      co_return base::Error{base::ErrorCode::kInvalid,
                            fmt::format("the file became shorter than {} bytes while it was sent: "
                                        "send it again when no program writes to it",
                                        source.size())};
    }
    const Instant silence = clock_.now() + options_.silence;
    auto writing = connection.write({buffer.data(), *got}, silence);
    const auto written = co_await std::move(writing);
    if (!written) co_return written.error();
    source.sent(*got);
    left -= *got;
  }
  co_return true;
}

// Returns true when the whole request was sent, false when the server answered or closed the
// connection while the source was being sent.
Awaitable<bool> HttpClient::write(Connection& connection, const HttpRequest& request,
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

// Writes the request and reads the answer. Returns whether the whole request was sent; if not, the
// connection cannot be used again.
Awaitable<bool> HttpClient::converse(Connection& connection, const HttpRequest& request,
                                     const std::string& head, AnswerParser& parser, Until until) {
  Instant deadline = limit_of(request);
  auto writing = write(connection, request, head, deadline);
  const auto written = co_await std::move(writing);
  // A server that closes the connection early may have sent the reason before: a TLS alert, or an
  // answer to an incomplete request. So read what has already arrived, without waiting.
  const bool cut = !written && written.error().code == base::ErrorCode::kNetwork;
  if (!written && !cut) co_return written.error();
  if (request.source != nullptr) deadline = limit_of(request);
  if (cut) deadline = clock_.now();
  const bool stream = until == Until::kStream;
  const std::size_t batch = stream ? 1 : limits::kBytesBeforeYield;
  while (!parser.done() && !(stream && parser.head_done() && parser.status() == kStatusOk)) {
    if (stream && parser.head_done()) parser.keep_whole_body(request.bounds.refused_bytes);
    auto advancing = connection.advance(parser, batch, deadline);
    const auto advanced = co_await std::move(advancing);
    if (advanced) continue;
    const bool has_cause = !cut || advanced.error().code == base::ErrorCode::kTls;
    co_return has_cause ? advanced.error() : written.error();
  }
  const bool is_whole = written && *written;
  co_return is_whole;
}

}  // namespace net
