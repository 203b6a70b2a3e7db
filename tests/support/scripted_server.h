// ScriptedServer listens on loopback or on a Unix socket and runs a test's script for each
// connection, with TLS or without. It uses one thread for each connection and blocking calls. Owned
// by the test; its destructor cuts all connections.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/certificates.h"

namespace testing_tls {

struct ServerTls {
  Identity identity;
  std::string client_ca = {};  // PEM; if set, clients must present a certificate
  int max_version = TLS1_3_VERSION;
};

// Peer is one connection, seen from the server.
class Peer {
 public:
  explicit Peer(int descriptor) : descriptor_(descriptor) {}
  ~Peer() {
    if (ssl_ != nullptr) SSL_free(ssl_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool secure(SSL_CTX* context) {
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, descriptor_);
    const bool good = SSL_accept(ssl_) == 1;
    ERR_clear_error();
    return good;
  }

  // Returns the next request with head and body; nothing at the end of the connection.
  std::optional<std::string> request() {
    for (;;) {
      const std::size_t end = buffer_.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t size = end + 4 + content_length(buffer_.substr(0, end));
        if (buffer_.size() >= size) {
          std::string text = buffer_.substr(0, size);
          buffer_.erase(0, size);
          return text;
        }
      }
      if (!receive()) return std::nullopt;
    }
  }

  // Returns the next bytes; "" at the end of the connection.
  std::string some() {
    if (buffer_.empty()) receive();
    return std::exchange(buffer_, {});
  }

  bool send(std::string_view text) {
    while (!text.empty()) {
      const long put = ssl_ != nullptr
                           ? SSL_write(ssl_, text.data(), static_cast<int>(text.size()))
                           : ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }

  void answer(int status, std::string_view body, std::string_view more_headers = {}) {
    send("HTTP/1.1 " + std::to_string(status) +
         " Some Reason\r\nContent-Type: application/json\r\n" + std::string(more_headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }

  void begin_chunks() { send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"); }

  void chunk(std::string_view text) {
    std::array<char, 16> size{};
    std::snprintf(size.data(), size.size(), "%zx", text.size());
    send(std::string(size.data()) + "\r\n" + std::string(text) + "\r\n");
  }

  // Ends a TLS session in order (close_notify), so that the client does not see a cut.
  void goodbye() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_);
  }

  // Returns whether the client starts TLS on a plain connection. Waits for its first byte.
  bool meets_tls() const {
    constexpr char kHandshake = 0x16;
    char first = 0;
    return ssl_ == nullptr && ::recv(descriptor_, &first, 1, MSG_PEEK) == 1 && first == kHandshake;
  }

  bool resumed() const { return SSL_session_reused(ssl_) == 1; }
  int descriptor() const { return descriptor_; }

 private:
  static std::size_t content_length(const std::string& head) {
    constexpr std::string_view kName = "\r\nContent-Length: ";
    const std::size_t at = head.find(kName);
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + kName.size()));
  }

  bool receive() {
    std::array<char, 4096> part{};
    const long got = ssl_ != nullptr ? SSL_read(ssl_, part.data(), static_cast<int>(part.size()))
                                     : ::recv(descriptor_, part.data(), part.size(), 0);
    ERR_clear_error();
    if (got <= 0) return false;
    buffer_.append(part.data(), static_cast<std::size_t>(got));
    return true;
  }

  int descriptor_;
  SSL* ssl_ = nullptr;
  std::string buffer_;
};

class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit ScriptedServer(Script script, std::optional<ServerTls> tls = {})
      : script_(std::move(script)) {
    if (tls) context_ = make_context(*tls);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    listen(reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }

  // Listens on a Unix socket with this path, without TLS.
  ScriptedServer(const std::string& path, Script script) : script_(std::move(script)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    listen(reinterpret_cast<sockaddr*>(&address), sizeof address);
  }

  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    SSL_CTX_free(context_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }  // accepted so far
  int open() const { return now_; }                 // connections that are open

 private:
  static SSL_CTX* make_context(const ServerTls& tls) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_max_proto_version(context, tls.max_version);
    if (tls.max_version < TLS1_2_VERSION) SSL_CTX_set_cipher_list(context, "DEFAULT@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context, std::min(tls.max_version, TLS1_2_VERSION));
    const BioPtr certificate(BIO_new_mem_buf(tls.identity.certificate.data(), -1));
    const BioPtr key(BIO_new_mem_buf(tls.identity.key.data(), -1));
    const CertificatePtr own(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
    const KeyPtr own_key(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_certificate(context, own.get());
    SSL_CTX_use_PrivateKey(context, own_key.get());
    if (!tls.client_ca.empty()) {
      const BioPtr bio(BIO_new_mem_buf(tls.client_ca.data(), -1));
      const CertificatePtr ca(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get());
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
      const std::string id = "test";
      SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(id.data()),
                                     static_cast<unsigned>(id.size()));
    }
    return context;
  }

  void listen(const sockaddr* address, socklen_t size) {
    listener_ = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listener_, address, size) != 0 || ::listen(listener_, SOMAXCONN) != 0) {
      throw std::runtime_error("cannot listen");
    }
    acceptor_ = std::thread([this] { accept(); });
  }

  void accept() {
    for (;;) {
      const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (descriptor < 0) return;
      ++connections_;
      const int on = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const std::lock_guard lock(mutex_);
      open_.push_back(descriptor);
      threads_.emplace_back([this, descriptor] { serve(descriptor); });
    }
  }

  void serve(int descriptor) {
    // OpenSSL writes without MSG_NOSIGNAL, so this thread blocks SIGPIPE. The client's threads do
    // not.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    ++now_;
    {
      Peer peer(descriptor);
      if (context_ == nullptr || peer.secure(context_)) script_(peer);
    }
    --now_;
    const std::lock_guard lock(mutex_);
    open_.remove(descriptor);
    ::close(descriptor);
  }

  Script script_;
  SSL_CTX* context_ = nullptr;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<int> now_ = 0;
  std::mutex mutex_;
  std::list<int> open_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

// Returns a script that answers every request with 200 and this body.
inline ScriptedServer::Script answers(std::string body) {
  return [body = std::move(body)](Peer& peer) {
    while (peer.request()) peer.answer(200, body);
  };
}

}  // namespace testing_tls
