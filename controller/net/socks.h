// Builds and parses the SOCKS 5 messages (RFC 1928; user name and password: RFC 1929) by which a
// client lets a proxy connect it to a server. The functions are pure and can be called on any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/url.h"

namespace net::socks {

enum class Method { kNone, kPassword };

// The sizes of the proxy's answers, in bytes. Only the reply to connect_message() is longer:
// rest_of_reply() returns by how much.
inline constexpr std::size_t kMethodBytes = 2;    // the answer to greeting()
inline constexpr std::size_t kPasswordBytes = 2;  // the answer to password_message()
inline constexpr std::size_t kReplyBytes = 5;     // the beginning of the reply to connect_message()

// Returns the first message to the proxy. It offers authentication by password only when the URL of
// the proxy has a user name or a password.
std::string greeting(const ProxyUrl& proxy);
// Returns the authentication method that the proxy chose. kNetwork: the proxy requires another
// method. kMalformed: it does not speak SOCKS 5.
base::Result<Method> parse_method(std::string_view answer);

// Returns the message with user name and password. kInvalid: one of them has more than 255 bytes.
base::Result<std::string> password_message(const ProxyUrl& proxy);
base::Result<void> parse_password_answer(std::string_view answer);

// Returns the request to connect to a server. An IP address is sent as an address; any other host
// is sent as a name, which the proxy resolves. kInvalid: a name of more than 255 bytes.
base::Result<std::string> connect_message(const std::string& host, std::uint16_t port);

// Parses the first kReplyBytes bytes of the reply and returns how many bytes are still to come.
// kNetwork: the proxy did not connect; the message is the proxy's reason.
// kMalformed: it does not speak SOCKS 5.
base::Result<std::size_t> rest_of_reply(std::string_view begin);

}  // namespace net::socks
