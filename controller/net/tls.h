// TLS by OpenSSL, without its headers: what is trusted and who we are (TlsContext), and one
// session over another channel (TlsChannel).
//
// At least TLS 1.2. The peer's certificate, its dates and its names are verified unless told
// otherwise. The last session of a server is kept, and resumed with that server. one thread.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "net/channel.h"

namespace net {

struct TlsSettings {
  std::string ca;           // PEM, one or more certificates; empty: the system's
  std::string more_ca;      // PEM: trusted as well
  std::string certificate;  // PEM, the chain; empty: none
  std::string key;          // PEM, not encrypted
  bool insecure = false;    // nothing is verified

  bool operator==(const TlsSettings&) const = default;
};

class TlsContext {
 public:
  // kInvalid: a text is not what it should be, or the key is not that of the certificate.
  static base::Result<std::shared_ptr<TlsContext>> make(const TlsSettings& settings);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

 private:
  friend class TlsChannel;
  struct State;

  explicit TlsContext(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

class TlsChannel final : public Channel {
 public:
  // Of the peer: only a server's session is resumed, and only with the server of that name.
  enum class Role { kServer, kProxy };

  // peer is a host name or an IP address: what the certificate has to be for.
  // Every channel over one context shares it, also when the transport has replaced it.
  TlsChannel(std::shared_ptr<TlsContext> context, std::unique_ptr<Channel> below,
             const std::string& peer, Role role);
  ~TlsChannel() override;

  // kDone when the handshake is complete. kFailed with kTls and what is wrong: expired, unknown
  // authority, other host, refused by the peer.
  Step handshake();

  Step read(std::span<char> buffer) override;
  Step write(std::string_view bytes) override;
  bool quiet() override;
  std::uint64_t written() const override;

 private:
  struct State;

  std::unique_ptr<State> state_;
};

}  // namespace net
