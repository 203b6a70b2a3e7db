#include <gmock/gmock.h>

#include "unit/kube/transport_fixture.h"

namespace {

using namespace testing_tls;
using base::ErrorCode;
using kube::Method;

class HttpsStream : public TransportTest {
 protected:
  ServerTls tls() const { return {authority_.server()}; }

  std::unique_ptr<kube::Stream> open(kube::Transport& transport) {
    auto opened = run(transport.open(request(Method::kGet)));
    if (!opened) throw std::runtime_error(base::to_string(opened.error()));
    EXPECT_EQ(opened->head.status, 200);
    return std::move(opened->stream);
  }

  base::Result<std::string> read(kube::Stream& stream, std::chrono::milliseconds silence = 5s) {
    return run(stream.read(silence));
  }
};

TEST_F(HttpsStream, GivesChunksAsTheyComeAndThenTheEnd) {
  std::atomic<int> taken = 0;
  ScriptedServer server(
      [&](Peer& peer) {
        peer.request();
        peer.begin_chunks();
        for (int i = 0; i < 3; ++i) {
          peer.chunk("event " + std::to_string(i) + "\n");
          while (taken <= i) std::this_thread::sleep_for(1ms);
        }
        peer.chunk("");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto stream = open(*transport);
  for (int i = 0; i < 3; ++i) {
    const auto chunk = read(*stream);
    ASSERT_TRUE(chunk) << base::to_string(chunk.error());
    EXPECT_EQ(*chunk, "event " + std::to_string(i) + "\n");
    ++taken;
  }
  for (int i = 0; i < 2; ++i) {
    const auto end = read(*stream);
    ASSERT_TRUE(end) << base::to_string(end.error());
    EXPECT_EQ(*end, "");
  }
}

TEST_F(HttpsStream, PutsTogetherAChunkThatComesByteByByte) {
  ScriptedServer server(
      [&](Peer& peer) {
        peer.request();
        const std::string_view answer =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        for (const char byte : answer) peer.send(std::string_view(&byte, 1));
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto stream = open(*transport);
  std::string text;
  for (;;) {
    const auto chunk = read(*stream);
    ASSERT_TRUE(chunk) << base::to_string(chunk.error());
    if (chunk->empty()) break;
    text += *chunk;
  }
  EXPECT_EQ(text, "hello");
}

TEST_F(HttpsStream, CarriesMoreThanTheBoundOfAWholeBody) {
  bounds_.body_bytes = 1000;
  constexpr std::size_t kTotal = 2'000'000;
  ScriptedServer server(
      [&](Peer& peer) {
        peer.request();
        peer.begin_chunks();
        for (std::size_t sent = 0; sent < kTotal; sent += 10'000)
          peer.chunk(std::string(10'000, 'x'));
        peer.chunk("");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto stream = open(*transport);
  std::size_t total = 0;
  for (;;) {
    const auto chunk = read(*stream);
    ASSERT_TRUE(chunk) << base::to_string(chunk.error());
    if (chunk->empty()) break;
    EXPECT_LE(chunk->size(), limits::kStreamChunkBytes + limits::kReadBytes);
    total += chunk->size();
  }
  EXPECT_EQ(total, kTotal);
}

TEST_F(HttpsStream, SilenceIsATimeout) {
  ScriptedServer server(
      [&](Peer& peer) {
        peer.request();
        peer.begin_chunks();
        peer.chunk("one\n");
        peer.some();
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto stream = open(*transport);
  const auto chunk = read(*stream);
  ASSERT_TRUE(chunk);
  const auto silence = read(*stream, 50ms);
  ASSERT_FALSE(silence);
  EXPECT_EQ(silence.error().code, ErrorCode::kTimeout);
}

TEST_F(HttpsStream, WhatCameBeforeTheConnectionBrokeIsGivenFirst) {
  ScriptedServer server(
      [&](Peer& peer) {
        peer.request();
        peer.begin_chunks();
        peer.chunk("last words\n");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto stream = open(*transport);
  const auto chunk = read(*stream);
  ASSERT_TRUE(chunk) << base::to_string(chunk.error());
  EXPECT_EQ(*chunk, "last words\n");
  for (int i = 0; i < 2; ++i) {
    const auto broken = read(*stream);
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, ErrorCode::kNetwork);
  }
}

TEST_F(HttpsStream, AnotherStatusThan200ComesWithItsBodyAndWithoutAStream) {
  ScriptedServer server(
      [](Peer& peer) {
        peer.request();
        peer.answer(410, "too old");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto opened = run(transport->open(request(Method::kGet)));
  ASSERT_TRUE(opened) << base::to_string(opened.error());
  EXPECT_EQ(opened->head.status, 410);
  EXPECT_EQ(opened->head.body, "too old");
  EXPECT_FALSE(opened->stream);
}

TEST_F(HttpsStream, TheTimeoutOfARequestIsForTheHeadOnly) {
  ScriptedServer server(
      [&](Peer& peer) {
        peer.request();
        peer.begin_chunks();
        std::this_thread::sleep_for(1200ms);
        peer.chunk("late\n");
        peer.some();
      },
      tls());
  const auto transport = this->transport(config_for(server));
  auto quick = request(Method::kGet);
  quick.timeout = 1s;  // includes the TLS handshake
  auto opened = run(transport->open(quick));
  ASSERT_TRUE(opened) << base::to_string(opened.error());
  const auto chunk = read(*opened->stream);
  ASSERT_TRUE(chunk) << base::to_string(chunk.error());
  EXPECT_EQ(*chunk, "late\n");
}

TEST_F(HttpsStream, AHeadThatDoesNotComeIsATimeout) {
  ScriptedServer server([](Peer& peer) { peer.some(), peer.some(); }, tls());
  const auto transport = this->transport(config_for(server));
  auto quick = request(Method::kGet);
  quick.timeout = 40ms;
  const auto opened = run(transport->open(quick));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kTimeout);
}

TEST_F(HttpsStream, StreamsDoNotTakeThePlacesOfRequests) {
  bounds_.connections = 1;
  ScriptedServer server(
      [](Peer& peer) {
        while (const auto request = peer.request()) {
          if (request->find("/watch") == std::string::npos) {
            peer.answer(200, "{}");
          } else {
            peer.begin_chunks();
          }
        }
      },
      tls());
  const auto transport = this->transport(config_for(server));
  auto watch = request(Method::kGet);
  watch.target = "/watch";
  std::vector<kube::Opened> streams;
  for (int i = 0; i < 3; ++i) streams.push_back(std::move(*run(transport->open(watch))));
  EXPECT_TRUE(get(*transport));
  EXPECT_EQ(server.connections(), 4);
}

TEST_F(HttpsStream, ACancelledReadThrows) {
  ScriptedServer server(
      [](Peer& peer) {
        peer.request();
        peer.begin_chunks();
        peer.some();
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto stream = open(*transport);
  Started<base::Result<std::string>> started;
  start(stream->read(5s), started);
  run_for(30ms);
  ASSERT_FALSE(started.done);
  started.cancel.emit(asio::cancellation_type::terminal);
  finish(started);
  EXPECT_EQ(failure_of(started.failure), "cancelled");
}

TEST_F(HttpsStream, TheDestructorClosesTheConnection) {
  ScriptedServer server(
      [](Peer& peer) {
        peer.request();
        peer.begin_chunks();
        peer.some();
      },
      tls());
  const auto transport = this->transport(config_for(server));
  auto stream = open(*transport);
  EXPECT_EQ(server.open(), 1);
  stream.reset();
  for (int i = 0; i < 1000 && server.open() > 0; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(server.open(), 0);
}

}  // namespace
