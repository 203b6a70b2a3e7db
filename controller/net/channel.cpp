#include "net/channel.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace net {
namespace {

IoResult failed(int why) {
  return {IoStatus::kFailed, 0, {base::ErrorCode::kNetwork, std::strerror(why)}};
}

}  // namespace

IoResult SocketChannel::read(std::span<char> buffer) {
  for (;;) {
    const ssize_t got = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (got > 0) return {IoStatus::kDone, static_cast<std::size_t>(got)};
    if (got == 0) return {IoStatus::kEnd};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::kWantRead};
    if (errno != EINTR) return failed(errno);
  }
}

IoResult SocketChannel::write(std::string_view bytes) {
  for (;;) {
    const ssize_t put = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put >= 0) {
      written_ += static_cast<std::uint64_t>(put);
      return {IoStatus::kDone, static_cast<std::size_t>(put)};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::kWantWrite};
    if (errno != EINTR) return failed(errno);
  }
}

bool SocketChannel::is_reusable() {
  char byte = 0;
  const ssize_t got = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace net
