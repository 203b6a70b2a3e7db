// A small HTTP/1.1 server for the operator's endpoints, with TLS if it is given a certificate.
//
// Guarantees
//  * The number of connections is limited by ConnectionLimits. When a new connection would exceed
//    the limits, choose_eviction() chooses an open connection, which the server closes. So silent
//    or slow clients never keep others out.
//  * The size of a request is limited: limits::kServeHeaderBytes and kServeHeaderFields for its
//    head, and the body_bytes of its route.
//  * Times are limited: limits::kServeHandshake, kServeHead and kServeTimeout to receive and to
//    send, and limits::kServeIdle between two requests.
//  * Memory for bodies is limited. Each body may take limits::kServeSmallBodyBytes at any time. A
//    larger body needs the turn of serve/large_body_queue.h. One connection at a time has it, until
//    its endpoint has answered or limits::kServeLargeBody is over. Other connections wait for the
//    turn for up to limits::kServeLargeWait. Content-Length alone reserves no more than a small
//    body.
//  * Memory for answers is limited by limits::kServeAnswerBytes. When a new answer would exceed
//    this limit, the connection that has been receiving its answer longest is closed.
//  * Errors: 404 for an unknown path, 405 with Allow for another method, 400, 413 and 431 for a
//    request that cannot be read, 503 for a large body that does not get the turn in time.
//    Connections are kept alive between requests.
//  * Cancelling run() closes the listener and every connection, and waits for them.
// Caveats: while ServerOptions::certificate holds no certificate yet, the server closes connections
// as soon as they are accepted.
//
// One owner, which outlives run(). Used on the thread of the io_context only. Callers do not need
// to include OpenSSL or the HTTP messages of Beast.
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

#include "async/task_group.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "serve/bind_address.h"
#include "serve/certificate.h"
#include "serve/eviction.h"
#include "serve/http.h"
#include "serve/large_body_queue.h"

namespace serve {

struct ServerOptions {
  ConnectionLimits connection_limits;
  std::chrono::milliseconds handshake = limits::kServeHandshake;
  std::chrono::milliseconds head = limits::kServeHead;
  std::chrono::milliseconds timeout = limits::kServeTimeout;
  std::chrono::milliseconds idle = limits::kServeIdle;
  std::chrono::milliseconds large_body = limits::kServeLargeBody;
  std::chrono::milliseconds large_wait = limits::kServeLargeWait;
  std::chrono::milliseconds large_keep_time = limits::kServeLargeKeepTime;
  std::size_t answer_bytes = limits::kServeAnswerBytes;
  const ServerCertificate* certificate = nullptr;  // null: without TLS
};

class HttpServer {
 public:
  HttpServer(boost::asio::any_io_executor executor, std::vector<Route> routes, base::Logger& logger,
             ServerOptions options = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Listens on the address; port 0 selects a free port. On failure, returns kInvalid with the
  // address and the reason.
  base::Result<> bind(const BindAddress& address);

  // Returns the port that the server listens on; 0 before bind().
  std::uint16_t port() const { return port_; }

  // Serves until it is cancelled; then throws boost::system::system_error (operation_aborted). Call
  // it once, after bind().
  boost::asio::awaitable<void> run();

  // Serves a connection that is already accepted, without a check for a free slot. Call it only
  // while run() runs.
  void serve(boost::asio::ip::tcp::socket socket);

  // From this call on, each answer closes its connection, so that clients connect to another
  // replica before this server stops.
  void drain() { draining_ = true; }

  std::size_t connections() const { return open_.size(); }

 private:
  struct Connection;
  struct Incoming;
  struct Listening;

  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> make_room(boost::asio::ip::address address);
  void evict(Connection& connection);
  bool evict_if_slow(Connection& connection);
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
  boost::asio::steady_timer room_;  // cancelling it wakes make_room()
  LargeBodyQueue large_body_queue_;
  async::TaskGroup group_;
  std::map<std::uint64_t, Connection*> open_;  // key: ConnectionInfo::id
  std::uint64_t last_ = 0;                     // id of the newest connection
  std::size_t answer_bytes_ = 0;               // bytes of answers that are being sent
  std::size_t max_waiting_ = 0;                // see `waiting` of choose_eviction()
  std::uint16_t port_ = 0;
  bool draining_ = false;
};

}  // namespace serve
