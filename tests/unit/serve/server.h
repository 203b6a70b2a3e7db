// Server runs an HttpServer on another thread, and a test uses it over real sockets. Owned by one
// test.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "async/cancellation.h"
#include "serve/http_server.h"

namespace test {

// GET /hello?x answers "hello x", and /throws throws. POST /echo answers with the request's body of
// at most 1000 bytes, POST /large with one of at most 1 MiB.
inline std::vector<serve::Route> routes() {
  std::vector<serve::Route> routes(4);
  routes[0].path = "/hello";
  routes[0].handler = [](const serve::Request& request) {
    return serve::Response{200, "text/plain", "hello " + request.query};
  };
  routes[1].path = "/throws";
  routes[1].handler = [](const serve::Request&) -> serve::Response {
    throw std::runtime_error("a bug");
  };
  routes[2].path = "/echo";
  routes[2].methods = {"POST"};
  routes[2].body_bytes = 1000;
  routes[2].handler = [](const serve::Request& request) {
    const auto type = request.headers.find("content-type");
    return serve::Response{201, type == request.headers.end() ? "none" : type->second,
                           request.body};
  };
  routes[3] = routes[2];
  routes[3].path = "/large";
  routes[3].body_bytes = 1 << 20;
  return routes;
}

// Options of a server that drops no client for being slow within kPatience. With them, an answer
// before kPatience / 2 shows that the server made room, on a machine of any speed.
inline constexpr std::chrono::milliseconds kPatience = std::chrono::minutes(1);
inline serve::ServerOptions patient_options() {
  serve::ServerOptions options;
  options.handshake = options.head = options.timeout = options.large_body = kPatience;
  return options;
}

class Server {
 public:
  explicit Server(serve::ServerOptions options = {}, serve::BindAddress address = {"127.0.0.1", 0})
      : server_(context_.get_executor(), routes(), logger_, options) {
    const auto bound = server_.bind(address);
    if (!bound) throw std::runtime_error(bound.error().message);
    boost::asio::co_spawn(
        context_, server_.run(),
        boost::asio::bind_cancellation_slot(signal_.slot(), [this](std::exception_ptr exception) {
          cancelled = async::is_cancellation(exception);
        }));
    thread_ = std::thread([this] { context_.run(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  ~Server() { stop(); }

  // Returns once the server has ended.
  void stop() {
    if (!thread_.joinable()) return;
    boost::asio::post(context_, [this] { signal_.emit(boost::asio::cancellation_type::terminal); });
    thread_.join();
  }

  // Runs `work` on the server's thread and returns when it is done.
  void run(const std::function<void()>& work) {
    std::promise<void> done;
    boost::asio::post(context_, [&] {
      work();
      done.set_value();
    });
    done.get_future().get();
  }

  void drain() {
    run([this] { server_.drain(); });
  }

  std::uint16_t port() const { return server_.port(); }
  // To be called after stop() or in run() only.
  std::size_t connections() const { return server_.connections(); }

  bool cancelled = false;

 private:
  boost::asio::io_context context_{1};
  base::Logger logger_ = base::Logger::silent();
  boost::asio::cancellation_signal signal_;
  serve::HttpServer server_;
  std::thread thread_;
};

inline std::string closing(const std::string& first_line, const std::string& rest = "\r\n") {
  return first_line + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + rest;
}

}  // namespace test
