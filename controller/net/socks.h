// The messages of SOCKS 5 (RFC 1928, with user name and password as in RFC 1929) that a client
// needs to be connected to a server. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/url.h"

namespace net::socks {

enum class Method { kNone, kPassword };

// What the proxy sends first in each of its answers; more bytes may follow the last one.
inline constexpr std::size_t kMethodBytes = 2;    // to greeting()
inline constexpr std::size_t kPasswordBytes = 2;  // to password_message()
inline constexpr std::size_t kReplyBytes = 5;     // to connect_message(): see rest_of_reply()

// Offers a password only when the proxy's URL has one.
std::string greeting(const ProxyUrl& proxy);
base::Result<Method> parse_method(std::string_view answer);

// kInvalid: user name or password has more than 255 bytes.
base::Result<std::string> password_message(const ProxyUrl& proxy);
base::Result<void> parse_password_answer(std::string_view answer);

// An address of the server goes as an address, a name as a name. kInvalid: a name of more than 255
// bytes.
base::Result<std::string> connect_message(const std::string& host, std::uint16_t port);

// Of the first kReplyBytes bytes: how many bytes the reply has after them. kNetwork: the proxy does
// not connect, with its reason. kMalformed.
base::Result<std::size_t> rest_of_reply(std::string_view begin);

}  // namespace net::socks
