// What HttpServer asks the kernel about its sockets. Used by HttpServer only, on its thread.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>

#include "serve/bind_address.h"

namespace serve {

// Returns the client's address, an IPv4-mapped IPv6 one as IPv4; 0.0.0.0 when the socket has no
// peer.
boost::asio::ip::address address_of(const boost::asio::ip::tcp::socket& socket);

// Returns the number of connections that the kernel has established and that are not accepted yet.
std::size_t backlog(boost::asio::ip::tcp::acceptor& acceptor);

// Opens the acceptor's socket and returns the endpoint to bind. An address without a host stands
// for every address: one socket serves IPv6 and IPv4, or IPv4 alone where there is no IPv6.
boost::asio::ip::tcp::endpoint open(boost::asio::ip::tcp::acceptor& acceptor,
                                    const BindAddress& address, boost::system::error_code& failure);

// Returns true when a whole TLS handshake record has come, which holds the ClientHello (RFC 8446,
// 5.1).
bool has_greeting(const boost::asio::const_buffer& received);

}  // namespace serve
