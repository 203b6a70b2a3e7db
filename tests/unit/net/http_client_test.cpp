#include "net/http/http_client.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "support/temporary_folder.h"
#include "unit/net/connection_fixture.h"

namespace {

using namespace net_test;
using namespace std::chrono_literals;
using net::HttpAnswer;
using net::HttpRequest;
using net::HttpServer;
using net::Repeat;

// A body of letters that fails, if wanted, when all but its last byte was read.
class Letters final : public net::BodySource {
 public:
  Letters(std::uint64_t size, bool short_file) : size_(size), short_file_(short_file) {}

  std::uint64_t size() const override { return size_; }
  base::Result<void> rewind() override {
    ++rewound;
    read_ = 0;
    return {};
  }
  base::Result<std::size_t> read(std::span<char> buffer) override {
    const std::uint64_t end = short_file_ ? size_ - 1 : size_;
    const std::size_t bytes = std::min<std::uint64_t>(buffer.size(), end - read_);
    std::fill_n(buffer.begin(), bytes, 'x');
    read_ += bytes;
    return bytes;
  }
  void sent(std::size_t bytes) override { written += bytes; }

  int rewound = 0;
  std::uint64_t written = 0;

 private:
  std::uint64_t size_;
  bool short_file_;
  std::uint64_t read_ = 0;
};

class HttpClients : public ConnectionTest {
 protected:
  HttpClients() {
    options_.user_agent = "test";
    options_.pool.idle_connections = 4;
  }

  net::HttpClient& client() {
    if (!client_) client_.emplace(io_.get_executor(), clock_, options_);
    return *client_;
  }

  HttpServer at(const ScriptedServer& server) { return {route_to(server), "it"}; }

  static HttpRequest request(const std::string& method, Repeat repeat = Repeat::kNever) {
    HttpRequest request;
    request.method = method;
    request.target = "/path";
    request.repeat = repeat;
    request.deadline = later();
    return request;
  }

  base::Result<HttpAnswer> send(const HttpServer& to, HttpRequest request) {
    return run(client().send(to, std::move(request)));
  }
  base::Result<HttpAnswer> get(const HttpServer& to) { return send(to, request("GET")); }

  base::Result<net::HttpOpened> open(const HttpServer& to, std::size_t error_bytes = 1000) {
    HttpRequest opening = request("GET");
    opening.bounds = {1000, 0, error_bytes};
    return run(client().open(to, std::move(opening)));
  }

  static void wait_until_closed(const ScriptedServer& server) {
    while (server.open() > 0) std::this_thread::sleep_for(1ms);
  }

  base::SystemClock clock_;
  net::HttpClientOptions options_;
  std::optional<net::HttpClient> client_;
};

// Records requests and answers each with its number.
struct Recorder {
  std::vector<std::string> requests = {};

  ScriptedServer::Script script() {
    return [this](Peer& peer) {
      while (const auto request = peer.request()) {
        requests.push_back(*request);
        peer.answer(200, std::to_string(requests.size()), "X-Header: value\r\n");
      }
    };
  }
};

TEST_F(HttpClients, ARequestHasItsHeadersAndItsLength) {
  Recorder recorder;
  const ScriptedServer server(recorder.script());
  const HttpServer to = at(server);
  HttpRequest post = request("POST");
  post.headers = {{"Accept", "text/plain"}};
  ASSERT_TRUE(send(to, post));
  post.body = "four";
  ASSERT_TRUE(send(to, post));
  ASSERT_TRUE(get(to));
  const std::string host = "Host: " + to.route.server.authority() + "\r\n";
  const std::string rest = host + "User-Agent: test\r\n";
  EXPECT_EQ(recorder.requests[0],
            "POST /path HTTP/1.1\r\n" + rest + "Accept: text/plain\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(recorder.requests[1], "POST /path HTTP/1.1\r\n" + rest +
                                      "Accept: text/plain\r\nContent-Length: 4\r\n\r\nfour");
  EXPECT_EQ(recorder.requests[2], "GET /path HTTP/1.1\r\n" + rest + "\r\n");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClients, HeadersOfAnAnswerAreKeptOnRequest) {
  Recorder recorder;
  const ScriptedServer server(recorder.script());
  HttpRequest with_headers = request("GET");
  with_headers.answer_headers = net::AnswerParser::Headers::kKept;
  const auto answer = send(at(server), with_headers);
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->headers, testing::Contains(net::HeaderLine{"X-Header", "value"}));
  const auto without = get(at(server));
  ASSERT_TRUE(without);
  EXPECT_TRUE(without->headers.empty());
}

TEST_F(HttpClients, AnIdleConnectionIsUsedForItsOwnServerOnly) {
  const ScriptedServer one(answers("one"));
  const ScriptedServer two(answers("two"));
  EXPECT_EQ(get(at(one))->body, "one");
  EXPECT_EQ(get(at(two))->body, "two");
  EXPECT_EQ(get(at(one))->body, "one");
  EXPECT_EQ(one.connections(), 1);
  EXPECT_EQ(two.connections(), 1);
}

TEST_F(HttpClients, TheLeastRecentlyUsedIdleConnectionIsClosedFirst) {
  options_.pool.idle_connections = 1;
  const ScriptedServer one(answers("one"));
  const ScriptedServer two(answers("two"));
  ASSERT_TRUE(get(at(one)));
  ASSERT_TRUE(get(at(two)));
  wait_until_closed(one);
  EXPECT_EQ(two.open(), 1);
}

TEST_F(HttpClients, AnIdleConnectionIsClosedAfterItsTime) {
  options_.pool.idle_time = 1ms;
  const ScriptedServer server(answers("body"));
  ASSERT_TRUE(get(at(server)));
  io_.restart();
  io_.run();
  wait_until_closed(server);
}

TEST_F(HttpClients, AConnectionWithAnotherTlsContextIsClosed) {
  const Authority authority("test authority");
  const ScriptedServer server(answers("body"), ServerTls{authority.server()});
  net::TlsSettings settings;
  settings.ca = authority.pem();
  int calls = 0;
  const auto made = *net::TlsContext::make(settings);
  HttpServer to{route_to(server, "https"), "it"};
  to.tls = [&] {
    ++calls;
    return base::Result<Context>(made);
  };
  to.identity = made.get();
  ASSERT_TRUE(get(to));
  ASSERT_TRUE(get(to));
  EXPECT_EQ(calls, 1);
  const auto other = *net::TlsContext::make(settings);
  to.tls = [&] { return base::Result<Context>(other); };
  to.identity = other.get();
  ASSERT_TRUE(get(to));
  EXPECT_EQ(server.connections(), 2);
  to.tls = [] { return base::Result<Context>(base::Error{ErrorCode::kTls, "no CA"}); };
  to.identity = nullptr;
  ASSERT_TRUE(get(to)) << "the idle connection needs no context";
  to.identity = made.get();
  const auto refused = get(to);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "no CA");
}

// The server closes its idle connection just when the second request arrives.
ScriptedServer::Script closes_on_second_request(std::atomic<int>& requests) {
  return [&requests](Peer& peer) {
    if (!peer.request()) return;
    ++requests;
    peer.answer(200, "body");
    if (peer.request()) ++requests;
  };
}

TEST_F(HttpClients, ARequestIsRepeatedOnlyIfItMayBe) {
  for (const Repeat repeat : {Repeat::kNever, Repeat::kIfUnwritten, Repeat::kAlways}) {
    std::atomic<int> requests = 0;
    const ScriptedServer server(closes_on_second_request(requests));
    ASSERT_TRUE(send(at(server), request("POST", repeat)));
    const auto answer = send(at(server), request("POST", repeat));
    const bool always = repeat == Repeat::kAlways;
    EXPECT_EQ(answer.has_value(), always);
    EXPECT_EQ(requests, always ? 3 : 2);
    if (!answer) {
      EXPECT_EQ(answer.error().code, ErrorCode::kNetwork);
      EXPECT_THAT(answer.error().message, StartsWith("it: "));
    }
  }
}

TEST_F(HttpClients, OnANewConnectionNothingIsRepeated) {
  std::atomic<int> requests = 0;
  const ScriptedServer server([&requests](Peer& peer) {
    if (peer.request()) ++requests;
  });
  EXPECT_FALSE(send(at(server), request("GET", Repeat::kAlways)));
  EXPECT_EQ(requests, 1);
}

TEST_F(HttpClients, AMessageHasTheNameOfTheServerUnlessConnectingFailed) {
  const ScriptedServer server([](Peer& peer) {
    peer.request();
    peer.send("nonsense\r\n\r\n");
  });
  HttpServer to = at(server);
  const auto malformed = get(to);
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().code, ErrorCode::kMalformed);
  EXPECT_THAT(malformed.error().message, StartsWith("it: the answer is not HTTP: "));
  to.name.clear();
  EXPECT_THAT(get(to).error().message, StartsWith("the answer is not HTTP: "));
  HttpServer nowhere{route_to("http://[::1]:1"), "it"};
  EXPECT_THAT(get(nowhere).error().message, StartsWith("cannot connect to [::1]:1: "));
}

TEST_F(HttpClients, ATimeoutLimitsEachAttemptAndADeadlineAll) {
  const ScriptedServer server([](Peer& peer) {
    while (peer.request()) {
    }
  });
  HttpRequest limited = request("GET");
  limited.timeout = 20ms;
  const auto slow = send(at(server), limited);
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error(), (base::Error{ErrorCode::kTimeout, "it: no complete answer in time"}));
  limited = request("GET");
  limited.deadline = past();
  EXPECT_EQ(send(at(server), limited).error().code, ErrorCode::kTimeout);
}

TEST_F(HttpClients, MoreRequestsThanConnectionsWait) {
  options_.pool.connections = 1;
  const ScriptedServer server([](Peer& peer) {
    while (peer.request()) {
    }
  });
  support::Started<base::Result<HttpAnswer>> first;
  start(client().send(at(server), request("GET")), first);
  HttpRequest second = request("GET");
  second.deadline = std::chrono::steady_clock::now() + 20ms;
  const auto waited = send(at(server), second);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error(),
            (base::Error{ErrorCode::kTimeout, "it: no connection became free in time"}));
  first.cancel.emit(boost::asio::cancellation_type::all);
  finish(first);
  EXPECT_EQ(failure_of(first.failure), "cancelled");
  wait_until_closed(server);
}

TEST_F(HttpClients, ABodyIsSentFromASource) {
  std::size_t received = 0;
  const ScriptedServer server([&received](Peer& peer) {
    if (const auto request = peer.request()) received = request->size() - request->find("\r\n\r\n");
    peer.answer(201, "");
    peer.request();
  });
  constexpr std::uint64_t kSize = 3 << 20;
  Letters letters(kSize, false);
  HttpRequest put = request("PUT");
  put.source = &letters;
  const auto answer = send(at(server), put);
  ASSERT_TRUE(answer) << base::to_string(answer.error());
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(received, kSize + 4);
  EXPECT_EQ(letters.written, kSize);
  EXPECT_EQ(letters.rewound, 1);
}

TEST_F(HttpClients, ASourceThatBecameShorterIsAnError) {
  const ScriptedServer server([](Peer& peer) { peer.request(); });
  Letters letters(10, true);
  HttpRequest put = request("PUT");
  put.source = &letters;
  const auto answer = send(at(server), put);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(),
            (base::Error{ErrorCode::kInvalid,
                         "it: the file became shorter than 10 bytes while it was sent: send it "
                         "again when no program writes to it"}));
}

TEST_F(HttpClients, AStreamGivesTheBytesBeforeAFailureFirst) {
  const ScriptedServer server([](Peer& peer) {
    peer.request();
    peer.begin_chunks();
    peer.chunk("first");
  });
  const auto opened = open(at(server));
  ASSERT_TRUE(opened) << base::to_string(opened.error());
  ASSERT_TRUE(opened->stream);
  EXPECT_EQ(*run(opened->stream->read(60s)), "first");
  for (int again = 0; again < 2; ++again) {
    const auto cut = run(opened->stream->read(60s));
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error(),
              (base::Error{ErrorCode::kNetwork,
                           "it: the connection was closed in the middle of the answer"}));
  }
}

TEST_F(HttpClients, AStreamEndsWithAnEmptyText) {
  const ScriptedServer server([](Peer& peer) {
    peer.request();
    peer.begin_chunks();
    peer.chunk("all");
    peer.send("0\r\n\r\n");
    peer.request();
  });
  const auto opened = open(at(server));
  ASSERT_TRUE(opened);
  std::string body;
  for (std::string part = "more"; !part.empty(); body += part) {
    const auto read = run(opened->stream->read(60s));
    ASSERT_TRUE(read);
    part = *read;
  }
  EXPECT_EQ(body, "all");
}

TEST_F(HttpClients, TheSilenceOfAStreamIsBounded) {
  const ScriptedServer server([](Peer& peer) {
    peer.request();
    peer.begin_chunks();
    peer.request();
  });
  const auto opened = open(at(server));
  ASSERT_TRUE(opened);
  EXPECT_EQ(run(opened->stream->read(1ms)).error(),
            (base::Error{ErrorCode::kTimeout, "it: no complete answer in time"}));
}

TEST_F(HttpClients, AnErrorInPlaceOfAStreamIsAWholeAnswerWithABound) {
  const ScriptedServer server([](Peer& peer) {
    peer.request();
    peer.answer(404, "0123456789", "Retry-After: 7\r\n");
  });
  const auto opened = open(at(server));
  ASSERT_TRUE(opened);
  EXPECT_FALSE(opened->stream);
  EXPECT_EQ(opened->head.status, 404);
  EXPECT_EQ(opened->head.body, "0123456789");
  EXPECT_EQ(opened->head.retry_after, std::chrono::milliseconds(7s));
  const auto bounded = open(at(server), 9);
  ASSERT_FALSE(bounded);
  EXPECT_EQ(bounded.error(),
            (base::Error{ErrorCode::kTooLarge, "it: the answer has a body of more than 9 bytes"}));
}

TEST_F(HttpClients, AServerIsReachedAtAUnixSocket) {
  const support::TemporaryFolder folder;
  const std::string path = folder.path("socket");
  net::ServerRoute route;
  route.server = {false, "localhost", 80, ""};
  route.unix_socket = path;
  const auto missing = get({route, ""});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error(), (base::Error{ErrorCode::kNetwork, "No such file or directory"}));
  Recorder recorder;
  const ScriptedServer server(path, recorder.script());
  const auto answer = get({route, ""});
  ASSERT_TRUE(answer) << base::to_string(answer.error());
  EXPECT_EQ(recorder.requests[0],
            "GET /path HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n\r\n");
  route.unix_socket = std::string(200, 'x');
  const auto too_long = get({route, ""});
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error(), (base::Error{ErrorCode::kNetwork, "File name too long"}));
}

}  // namespace
