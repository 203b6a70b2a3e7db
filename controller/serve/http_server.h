// A small HTTP/1.1 server for the operator's own endpoints, with TLS where it is given a
// certificate.
//
// Guarantees
//  * Bounded: the connections of PlaceLimits (serve/places.h says which one goes when a new one
//    comes, so that silent or slow clients never keep others out), limits::kServeHeaderBytes and
//    kServeHeaderFields of a head, the body_bytes of the route, limits::kServeHandshake,
//    kServeHead and kServeTimeout to receive and to send, limits::kServeIdle between two requests.
//  * Memory for bodies: each has limits::kServeSmallBodyBytes at any time, and one at a time has
//    more, until its endpoint has answered. The others wait for that turn, those of connections
//    that had an answer before first, for limits::kServeLargeWait; the turn ends after
//    limits::kServeLargeBody. Memory is taken as bytes arrive, not by Content-Length.
//  * Memory for answers: of limits::kServeAnswerBytes; when there is more to send, the connection
//    that has been receiving its answer longest is closed.
//  * 404 for an unknown path, 405 with Allow for another method, 400, 413 and 431 for what cannot
//    be read, 503 for a large body whose turn does not come; keep-alive.
//  * Cancelling run() closes the listener and every connection, and waits for them.
// Caveats: while there is no certificate yet, connections are closed as soon as they are made.
//
// One owner, which outlives run(). Used on the thread of the io_context only. Beast and OpenSSL
// stay behind this header.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "net/semaphore.h"
#include "runtime/task_group.h"
#include "serve/bind_address.h"
#include "serve/certificate.h"
#include "serve/http.h"
#include "serve/places.h"

namespace serve {

struct ServerOptions {
  PlaceLimits places;
  std::chrono::milliseconds handshake = limits::kServeHandshake;
  std::chrono::milliseconds head = limits::kServeHead;
  std::chrono::milliseconds timeout = limits::kServeTimeout;
  std::chrono::milliseconds idle = limits::kServeIdle;
  std::chrono::milliseconds large_body = limits::kServeLargeBody;
  std::chrono::milliseconds large_wait = limits::kServeLargeWait;
  std::size_t answer_bytes = limits::kServeAnswerBytes;
  const ServerCertificate* certificate = nullptr;  // null: without TLS
};

class HttpServer {
 public:
  HttpServer(boost::asio::any_io_executor executor, std::vector<Route> routes, base::Logger& logger,
             ServerOptions options = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Listens. Port 0 takes a free one. kInvalid, with the address and the reason, when that fails.
  base::Result<> bind(const BindAddress& address);

  // The port that it listens on; 0 before bind().
  std::uint16_t port() const { return port_; }

  // Accepts and answers until it is cancelled, which it throws (operation_aborted). Once, after
  // bind().
  boost::asio::awaitable<void> run();

  // Answers on a connection that was made elsewhere, whether there is a place or not. While run()
  // runs.
  void serve(boost::asio::ip::tcp::socket socket);

  // From here on each answer ends its connection, so that clients look for another server before
  // this one goes.
  void drain() { draining_ = true; }

  std::size_t connections() const { return open_.size(); }

 private:
  struct Connection;
  struct Incoming;
  struct Listening;

  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> make_room(boost::asio::ip::address address);
  void evict(Connection& connection);
  void make_room_for_answer(Connection& connection, std::size_t bytes);
  boost::asio::awaitable<void> serve_plainly(std::unique_ptr<Connection> connection);
  boost::asio::awaitable<void> serve_securely(std::unique_ptr<Connection> connection,
                                              std::shared_ptr<boost::asio::ssl::context> context);
  template <class Stream>
  boost::asio::awaitable<bool> exchange(Stream& stream, Connection& connection);
  template <class Stream>
  boost::asio::awaitable<bool> wait_for_request(Stream& stream, Connection& connection);
  template <class Stream>
  boost::asio::awaitable<void> read_request(Stream& stream, Connection& connection,
                                            Incoming& incoming);
  template <class Stream>
  boost::asio::awaitable<void> discard(Stream& stream, Connection& connection);
  template <class Stream, class Parser>
  boost::asio::awaitable<boost::system::error_code> read_body(Stream& stream,
                                                              Connection& connection,
                                                              Parser& parser, Incoming& incoming);

  boost::asio::any_io_executor executor_;
  std::vector<Route> routes_;
  base::Logger& logger_;
  ServerOptions options_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer room_;  // its cancellation wakes make_room()
  net::Semaphore large_body_;
  runtime::TaskGroup group_;
  std::map<std::uint64_t, Connection*> open_;  // by number, and so in the order of their arrival
  std::uint64_t last_ = 0;                     // number of a connection
  std::size_t answer_bytes_ = 0;               // of answers that are being sent
  std::size_t most_waiting_ = 0;               // clients at once, since the queue was empty
  std::uint16_t port_ = 0;
  bool draining_ = false;
};

}  // namespace serve
