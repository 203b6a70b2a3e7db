#include "net/socks.h"

#include <fmt/core.h>

#include <iterator>

namespace net::socks {
namespace {

using base::invalid;

constexpr char kVersion = 5;
constexpr char kPasswordVersion = 1;
constexpr char kMethodNone = 0;
constexpr char kMethodPassword = 2;
constexpr char kConnect = 1;
constexpr char kAddressV4 = 1;
constexpr char kAddressName = 3;
constexpr char kAddressV6 = 4;
constexpr std::size_t kMaxLength = 255;
constexpr std::size_t kV4Bytes = 4;
constexpr std::size_t kV6Bytes = 16;
constexpr std::size_t kPortBytes = 2;

// Texts for the reply codes of RFC 1928, section 6; the index is the code.
constexpr std::string_view kReplies[] = {"",
                                         "general failure",
                                         "its rules do not allow it",
                                         "network unreachable",
                                         "host unreachable",
                                         "connection refused",
                                         "TTL expired",
                                         "it does not support CONNECT",
                                         "it does not support this kind of address"};

base::Error malformed() {
  return {base::ErrorCode::kMalformed, "it does not answer like a SOCKS 5 proxy"};
}

void append_counted(std::string& message, const std::string& text) {
  message += static_cast<char>(text.size());
  message += text;
}

template <class Bytes>
void append_bytes(std::string& message, const Bytes& bytes) {
  for (const unsigned char byte : bytes) message += static_cast<char>(byte);
}

}  // namespace

std::string greeting(const ProxyUrl& proxy) {
  if (proxy.user.empty() && proxy.password.empty()) return {kVersion, 1, kMethodNone};
  return {kVersion, 2, kMethodNone, kMethodPassword};
}

base::Result<Method> parse_method(std::string_view answer) {
  if (answer.size() != kMethodBytes || answer[0] != kVersion) return malformed();
  if (answer[1] == kMethodNone) return Method::kNone;
  if (answer[1] == kMethodPassword) return Method::kPassword;
  return base::Error{base::ErrorCode::kNetwork,
                     "it requires an authentication method that is not supported"};
}

base::Result<std::string> password_message(const ProxyUrl& proxy) {
  if (proxy.user.size() > kMaxLength || proxy.password.size() > kMaxLength) {
    return invalid("SOCKS 5 allows at most 255 bytes each for user name and password");
  }
  std::string message = {kPasswordVersion};
  append_counted(message, proxy.user);
  append_counted(message, proxy.password);
  return message;
}

base::Result<void> parse_password_answer(std::string_view answer) {
  if (answer.size() != kPasswordBytes || answer[0] != kPasswordVersion) return malformed();
  if (answer[1] == 0) return {};
  return base::Error{base::ErrorCode::kNetwork, "it refuses the user name and password"};
}

base::Result<std::string> connect_message(const std::string& host, std::uint16_t port) {
  constexpr unsigned kByteBits = 8;
  std::string message = {kVersion, kConnect, 0};
  const auto address = address_of(host);
  if (address && address->is_v4()) {
    message += kAddressV4;
    append_bytes(message, address->to_v4().to_bytes());
  } else if (address) {
    message += kAddressV6;
    append_bytes(message, address->to_v6().to_bytes());
  } else if (host.size() > kMaxLength) {
    return invalid("the server's name has more than 255 bytes");
  } else {
    message += kAddressName;
    append_counted(message, host);
  }
  message += static_cast<char>(port >> kByteBits);
  message += static_cast<char>(port);
  return message;
}

base::Result<std::size_t> rest_of_reply(std::string_view begin) {
  if (begin.size() != kReplyBytes || begin[0] != kVersion) return malformed();
  const auto code = static_cast<unsigned char>(begin[1]);
  if (code != 0) {
    return base::Error{base::ErrorCode::kNetwork, code < std::size(kReplies)
                                                      ? std::string(kReplies[code])
                                                      : fmt::format("unknown reply code {}", code)};
  }
  // The fifth byte, which is already read, is the first byte of an IP address or the length of a
  // name.
  switch (begin[3]) {
    case kAddressV4: return kV4Bytes - 1 + kPortBytes;
    case kAddressV6: return kV6Bytes - 1 + kPortBytes;
    case kAddressName: return static_cast<unsigned char>(begin[4]) + kPortBytes;
    default: return malformed();
  }
}

}  // namespace net::socks
