// Scripts for a ScriptedServer that acts as a proxy: HTTP's CONNECT and SOCKS 5. They connect to
// ports of loopback and record what the client sent. Owned by the test, which reads the record once
// the exchange is over.
#pragma once

#include <string>
#include <thread>

#include "support/scripted_server.h"

namespace testing_tls {

// Carries bytes between the client and `port` until one side ends. `connected`: the proxy's answer
// once it is connected to the server.
inline void tunnel(Peer& peer, std::uint16_t port,
                   const std::string& connected = "HTTP/1.1 200 Connection established\r\n\r\n") {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    peer.send(connected);
    std::thread back([&] {
      std::array<char, 4096> part{};
      for (;;) {
        const ssize_t got = ::recv(server, part.data(), part.size(), 0);
        if (got <= 0 || !peer.send({part.data(), static_cast<std::size_t>(got)})) break;
      }
      ::shutdown(peer.descriptor(), SHUT_RDWR);
    });
    for (std::string part = peer.some(); !part.empty(); part = peer.some()) {
      ::send(server, part.data(), part.size(), MSG_NOSIGNAL);
    }
    ::shutdown(server, SHUT_RDWR);
    back.join();
  }
  ::close(server);
}

// ConnectProxy answers CONNECT.
struct ConnectProxy {
  std::string asked;  // the last request

  ScriptedServer::Script script() {
    return [this](Peer& peer) {
      const auto request = peer.request();
      if (!request) return;
      asked = *request;
      const std::size_t colon = request->find(':');
      tunnel(peer, static_cast<std::uint16_t>(std::stoi(request->substr(colon + 1))));
    };
  }
};

// Socks5Proxy requires the password of jane, "secret", if the client offers that method (RFC 1928
// and 1929).
struct Socks5Proxy {
  std::string password;  // the message with user name and password
  std::string target;    // the message that asks for the server

  // `reply`: 0 to connect to the server, else the code of the refusal.
  ScriptedServer::Script script(char reply = 0) {
    return [this, reply](Peer& peer) {
      const std::string greeting = peer.some();
      const bool wants_password = greeting == std::string("\5\2\0\2", 4);
      peer.send(wants_password ? std::string("\5\2", 2) : std::string("\5\0", 2));
      if (wants_password) {
        password = peer.some();
        peer.send(password == "\1\4jane\6secret" ? std::string("\1\0", 2) : "\1\1");
      }
      target = peer.some();
      if (target.size() < 4) return;
      const std::string reply_bytes =
          std::string("\5") + reply + std::string("\0\1\0\0\0\0\0\0", 8);
      if (reply != 0) {
        peer.send(reply_bytes);
        return;
      }
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(target[i]); };
      const std::size_t size = target.size();
      tunnel(peer, static_cast<std::uint16_t>(byte(size - 2) << 8U | byte(size - 1)), reply_bytes);
    };
  }
};

}  // namespace testing_tls
