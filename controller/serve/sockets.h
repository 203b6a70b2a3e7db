// Functions for the sockets of an HttpServer. Only HttpServer calls them, on its thread.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>

#include "serve/bind_address.h"

namespace serve {

// Returns the address of the client; 0.0.0.0 when the socket has no peer. An IPv4-mapped IPv6
// address is returned as IPv4 address.
boost::asio::ip::address address_of(const boost::asio::ip::tcp::socket& socket);

// Returns the number of connections that the kernel has established and that are not accepted yet.
std::size_t backlog(boost::asio::ip::tcp::acceptor& acceptor);

// Opens the acceptor's socket and returns the endpoint to bind. An address without a host means all
// addresses: one socket serves IPv6 and IPv4, or IPv4 alone on a machine without IPv6.
boost::asio::ip::tcp::endpoint open(boost::asio::ip::tcp::acceptor& acceptor,
                                    const BindAddress& address, boost::system::error_code& failure);

// Returns true when `received` has a whole TLS handshake record, which contains the ClientHello
// (RFC 8446, section 5.1).
bool has_greeting(const boost::asio::const_buffer& received);

}  // namespace serve
