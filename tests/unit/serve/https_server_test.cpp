// HttpServer over TLS, tested with OpenSSL as the client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <list>

#include "support/certificates.h"
#include "unit/serve/server.h"

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using test::closing;
using test::Server;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing_tls::Authority;
using testing_tls::Identity;

class Client {
 public:
  Client(std::uint16_t port, const std::string& trusted, int max = TLS1_3_VERSION) {
    context_.add_certificate_authority(asio::buffer(trusted));
    context_.set_verify_mode(ssl::verify_peer);
    SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.native_handle(), max);
    stream_.emplace(io_, context_);
    stream_->set_verify_callback(ssl::host_name_verification("localhost"));
    stream_->lowest_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    stream_->handshake(ssl::stream_base::client);
  }

  void send(const std::string& text) { asio::write(*stream_, asio::buffer(text)); }

  // Reads until the server ends the TLS session. Expects an orderly end (close_notify).
  std::string read_to_end() {
    std::string text;
    boost::system::error_code end;
    asio::read(*stream_, asio::dynamic_buffer(text), end);
    EXPECT_EQ(end, asio::error::eof) << end.message();
    return text;
  }

  std::string read(std::size_t bytes) {
    std::string text(bytes, '\0');
    boost::system::error_code ignored;
    text.resize(asio::read(*stream_, asio::buffer(text), ignored));
    return text;
  }

  std::string get() {
    send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
    std::string text;
    boost::system::error_code ignored;
    asio::read_until(*stream_, asio::dynamic_buffer(text), "hello ", ignored);
    return text;
  }

  int version() { return SSL_version(stream_->native_handle()); }
  bool resumed() { return SSL_session_reused(stream_->native_handle()) == 1; }

 private:
  asio::io_context io_;
  ssl::context context_{ssl::context::tls_client};
  std::optional<ssl::stream<tcp::socket>> stream_;
};

class HttpsServer : public testing::Test {
 protected:
  HttpsServer() { use(authority.server()); }

  void use(const Identity& identity) {
    ASSERT_TRUE(certificate.replace(identity.certificate, identity.key));
  }

  serve::ServerOptions options() const {
    serve::ServerOptions options = test::patient_options();
    options.certificate = &certificate;
    return options;
  }

  Authority authority{"first"};
  serve::ServerCertificate certificate;
};

TEST_F(HttpsServer, AnswersOverTls) {
  const Server server(options());
  for (const int max : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Client client(server.port(), authority.pem(), max);
    EXPECT_EQ(client.version(), max);
    client.send(closing("GET /hello?tls"));
    const std::string answer = client.read_to_end();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, EndsWith("hello tls"));
  }
}

TEST_F(HttpsServer, TakesLargeBodies) {
  const Server server(options());
  Client client(server.port(), authority.pem());
  const std::string body(1 << 20, 'x');
  client.send(
      closing("POST /large", "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
  EXPECT_THAT(client.read_to_end(), EndsWith("\r\n\r\n" + body));
}

TEST_F(HttpsServer, OlderVersionsThanTls12AreRefused) {
  const Server server(options());
  EXPECT_THROW(Client(server.port(), authority.pem(), TLS1_1_VERSION), boost::system::system_error);
}

TEST_F(HttpsServer, ANewCertificateIsForNewConnectionsAndOldOnesLiveOn) {
  Server server(options());
  Client before(server.port(), authority.pem());
  EXPECT_THAT(before.get(), HasSubstr("200 OK"));
  const Authority second("second");
  server.run([&] { use(second.server()); });
  EXPECT_THAT(before.get(), HasSubstr("200 OK"));
  EXPECT_THROW(Client(server.port(), authority.pem()), boost::system::system_error);
  Client after(server.port(), second.pem());
  EXPECT_THAT(after.get(), HasSubstr("200 OK"));
  EXPECT_FALSE(after.resumed());
  EXPECT_THAT(before.get(), HasSubstr("200 OK"));
}

TEST_F(HttpsServer, WhatCannotBeUsedChangesNothing) {
  Server server(options());
  const Identity good = authority.server();
  const Identity other = authority.server();
  for (const auto& [chain, key] : {std::pair{good.certificate, other.key},
                                   {good.certificate, std::string()},
                                   {std::string(), good.key},
                                   {std::string("nonsense"), good.key},
                                   {good.certificate, good.key.substr(0, good.key.size() / 2)}}) {
    const auto replaced = certificate.replace(chain, key);
    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error().code, base::ErrorCode::kInvalid);
    EXPECT_THAT(replaced.error().message, Not(HasSubstr(good.key.substr(40, 20))));
  }
  Client client(server.port(), authority.pem());
  EXPECT_THAT(client.get(), HasSubstr("200 OK"));
}

TEST_F(HttpsServer, WithoutACertificateConnectionsAreClosed) {
  const serve::ServerCertificate none;
  serve::ServerOptions wanted;
  wanted.certificate = &none;
  const Server server(wanted);
  EXPECT_THROW(Client(server.port(), authority.pem()), boost::system::system_error);
}

TEST_F(HttpsServer, WhoSpeaksNoTlsIsTurnedAway) {
  serve::ServerOptions wanted = options();
  wanted.handshake = 1500ms;  // long enough for the client below on a slow machine
  const Server server(wanted);
  asio::io_context io;
  std::list<std::pair<std::string, tcp::socket>> others;
  for (const char* text : {"GET /hello HTTP/1.1\r\n\r\n", "", "\x16\x03\x01"}) {
    tcp::socket& socket = others.emplace_back(text, tcp::socket(io)).second;
    socket.connect({asio::ip::make_address("127.0.0.1"), server.port()});
    asio::write(socket, asio::buffer(std::string(text)));
  }
  for (auto& [text, socket] : others) {
    std::string answer;
    boost::system::error_code end;
    asio::read(socket, asio::dynamic_buffer(answer), end);
    EXPECT_THAT(answer, Not(HasSubstr("200"))) << text;
  }
  Client client(server.port(), authority.pem());
  EXPECT_THAT(client.get(), HasSubstr("200 OK"));
}

TEST_F(HttpsServer, ConnectionsWithoutAHandshakeKeepNoClientOut) {
  const Server server(options());
  Client kept(server.port(), authority.pem());
  EXPECT_THAT(kept.get(), HasSubstr("200 OK"));
  asio::io_context io;
  std::list<tcp::socket> silent;
  for (const char* text : {"", "\x16\x03\x01\x02"}) {
    for (std::size_t i = 0; i < limits::kServeConnections; ++i) {
      tcp::socket& socket = silent.emplace_back(io);
      socket.connect({asio::ip::make_address("127.0.0.1"), server.port()});
      boost::system::error_code ignored;
      asio::write(socket, asio::buffer(std::string(text)), ignored);
    }
    for (int i = 0; i < 5; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      Client client(server.port(), authority.pem());
      EXPECT_THAT(client.get(), HasSubstr("200 OK"));
      EXPECT_LT(std::chrono::steady_clock::now() - begin, test::kPatience / 2);
    }
    EXPECT_THAT(kept.get(), HasSubstr("200 OK"));
  }
}

TEST_F(HttpsServer, CancelledItClosesEveryConnectionAndEnds) {
  Server server(options());
  Client idle(server.port(), authority.pem());
  idle.get();
  Client busy(server.port(), authority.pem());
  busy.get();
  busy.send("GET /he");
  asio::io_context io;
  tcp::socket greeting(io);
  greeting.connect({asio::ip::make_address("127.0.0.1"), server.port()});
  const auto start = std::chrono::steady_clock::now();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, test::kPatience / 2);
  EXPECT_TRUE(server.cancelled);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(HttpsServer, CertificatesMayBeReplacedUnderAStreamOfRequests) {
  Server server(options());
  std::atomic<bool> stop = false;
  std::atomic<int> answered = 0;
  std::thread clients([&] {
    while (!stop) {
      Client client(server.port(), authority.pem());
      for (int i = 0; i < 3; ++i) {
        if (client.get().find("200 OK") != std::string::npos) ++answered;
      }
    }
  });
  for (int i = 0; i < 50; ++i) {
    server.run([&] { use(authority.server()); });
    std::this_thread::sleep_for(5ms);
  }
  stop = true;
  clients.join();
  EXPECT_GT(answered, 10);
  EXPECT_EQ(answered % 3, 0);
}

}  // namespace
