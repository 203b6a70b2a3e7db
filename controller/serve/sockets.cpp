#include "serve/sockets.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>

namespace serve {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

tcp::endpoint open_any(tcp::acceptor& acceptor, std::uint16_t port, error_code& failure) {
  acceptor.open(tcp::v6(), failure);
  if (!failure) acceptor.set_option(asio::ip::v6_only(false), failure);
  if (!failure) return {tcp::v6(), port};
  error_code ignored;
  acceptor.close(ignored);
  acceptor.open(tcp::v4(), failure);
  return {tcp::v4(), port};
}

}  // namespace

asio::ip::address address_of(const tcp::socket& socket) {
  error_code failure;
  asio::ip::address address = socket.remote_endpoint(failure).address();
  if (failure || !address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

std::size_t backlog(tcp::acceptor& acceptor) {
  tcp_info info{};
  socklen_t size = sizeof info;
  const int got = ::getsockopt(acceptor.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size);
  // For a listening socket, tcpi_unacked is the length of the accept queue.
  return got == 0 ? info.tcpi_unacked : 0;
}

tcp::endpoint open(tcp::acceptor& acceptor, const BindAddress& address, error_code& failure) {
  if (address.host.empty()) return open_any(acceptor, address.port, failure);
  const auto host = asio::ip::make_address(address.host, failure);
  if (failure) return {};
  tcp::endpoint endpoint(host, address.port);
  acceptor.open(endpoint.protocol(), failure);
  if (!failure && host.is_v6()) {
    acceptor.set_option(asio::ip::v6_only(!host.is_unspecified()), failure);
  }
  return endpoint;
}

bool has_greeting(const asio::const_buffer& received) {
  constexpr std::size_t kHeaderBytes = 5;
  constexpr unsigned kHandshake = 22;
  const auto* bytes = static_cast<const unsigned char*>(received.data());
  if (received.size() < kHeaderBytes || bytes[0] != kHandshake) return false;
  const std::size_t length = std::size_t{bytes[3]} << 8U | bytes[4];
  return received.size() >= kHeaderBytes + length;
}

}  // namespace serve
