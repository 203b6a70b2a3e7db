// Asks an HTTPS server the same thing again and again, by keep-alive connections, and tells how
// long the answers took.
//   bench_load --port N --ca FILE --server-name NAME --path PATH --body FILE
//              --connections C --seconds S [--rate R]
// With a rate requests are due at fixed times, and an answer took what has gone by since its
// request was due: one that waits for a slow answer before it counts. Without, each connection asks
// as soon as it is answered. Prints JSON.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Steady = std::chrono::steady_clock;
using Stream = asio::ssl::stream<asio::ip::tcp::socket>;

constexpr std::size_t kBodyBytes = 4 << 20;

struct Options {
  std::uint16_t port = 0;
  std::string authorities;
  std::string server_name;
  std::string path = "/mutate";
  std::string body;
  int connections = 8;
  double seconds = 5;
  double rate = 0;  // requests a second, of all connections; 0: as many as are answered
};

std::string request_of(const Options& options) {
  std::ifstream file(options.body, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + options.body);
  const std::string body{std::istreambuf_iterator<char>(file), {}};
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nAccept: application/json, */*\r\n"
      "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      options.path, options.server_name, body.size(), body);
}

class Load {
 public:
  Load(const Options& options, asio::io_context& io)
      : options_(options), io_(io), request_(request_of(options)) {
    tls_.load_verify_file(options.authorities);
    tls_.set_verify_mode(asio::ssl::verify_peer);
  }

  void start() {
    for (int i = 0; i < options_.connections; ++i) {
      asio::co_spawn(io_, connection(), [](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);
      });
    }
  }

  void tell() {
    if (took_.empty()) throw std::runtime_error("nothing was answered");
    std::sort(took_.begin(), took_.end());
    const auto share = [this](double part) {
      const auto place = static_cast<std::size_t>(static_cast<double>(took_.size()) * part);
      return took_[std::min(took_.size() - 1, place)].count() * 1e3;
    };
    const double seconds = std::chrono::duration<double>(last_ - begin_).count();
    std::cout << fmt::format(
                     R"({{"requests": {}, "failed": {}, "per_second": {:.0f}, "p50_ms": {:.3f}, )"
                     R"("p99_ms": {:.3f}, "p999_ms": {:.3f}, "most_ms": {:.3f}}})",
                     took_.size(), failed_, static_cast<double>(took_.size()) / seconds, share(0.5),
                     share(0.99), share(0.999), took_.back().count() * 1e3)
              << std::endl;
  }

 private:
  // Connected all at once, before the first request.
  asio::awaitable<void> connection() {
    Stream stream(io_, tls_);
    const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), options_.port);
    co_await stream.next_layer().async_connect(server, asio::use_awaitable);
    stream.next_layer().set_option(asio::ip::tcp::no_delay(true));
    SSL_set_tlsext_host_name(stream.native_handle(), options_.server_name.c_str());
    stream.set_verify_callback(asio::ssl::host_name_verification(options_.server_name));
    co_await stream.async_handshake(Stream::client, asio::use_awaitable);
    ++connected_;
    if (connected_ == options_.connections) {
      begin_ = Steady::now();
      started_.cancel();
    } else {
      co_await started_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    boost::beast::flat_buffer buffer;
    asio::steady_timer timer(io_);
    while (true) {
      const Steady::time_point due = next();
      if (due - begin_ >= std::chrono::duration<double>(options_.seconds)) co_return;
      if (due > Steady::now()) {
        timer.expires_at(due);
        co_await timer.async_wait(asio::use_awaitable);
      }
      co_await ask(stream, buffer);
      last_ = Steady::now();
      took_.emplace_back(last_ - due);
    }
  }

  Steady::time_point next() {
    if (options_.rate == 0) return Steady::now();
    const std::chrono::duration<double> after(static_cast<double>(asked_++) / options_.rate);
    return begin_ + std::chrono::duration_cast<Steady::duration>(after);
  }

  asio::awaitable<void> ask(Stream& stream, boost::beast::flat_buffer& buffer) {
    co_await asio::async_write(stream, asio::buffer(request_), asio::use_awaitable);
    http::response_parser<http::string_body> parser;
    parser.body_limit(kBodyBytes);
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
    if (parser.get().result() != http::status::ok) ++failed_;
  }

  const Options& options_;
  asio::io_context& io_;
  asio::ssl::context tls_{asio::ssl::context::tls_client};
  asio::steady_timer started_{io_, Steady::time_point::max()};
  std::string request_;
  int connected_ = 0;
  std::uint64_t asked_ = 0;
  std::uint64_t failed_ = 0;  // not answered with 200
  Steady::time_point begin_;
  Steady::time_point last_;
  std::vector<std::chrono::duration<double>> took_;
};

}  // namespace

int main(int count, char** words) {
  Options options;
  CLI::App app("asks a server the same thing again and again");
  app.add_option("--port", options.port)->required();
  app.add_option("--ca", options.authorities)->required();
  app.add_option("--server-name", options.server_name)->required();
  app.add_option("--path", options.path);
  app.add_option("--body", options.body)->required();
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 64));
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.1, 600.0));
  app.add_option("--rate", options.rate)->check(CLI::Range(0.0, 1e6));
  CLI11_PARSE(app, count, words);
  try {
    asio::io_context io{1};
    Load load(options, io);
    load.start();
    io.run();
    load.tell();
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
  return 0;
}
