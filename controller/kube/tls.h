// TLS by OpenSSL, without its headers: what is trusted and who we are (TlsContext), and one
// session over another channel (TlsChannel).
//
// At least TLS 1.2. The peer's certificate, its dates and its names are verified unless told
// otherwise. The last session of the server is kept and resumed. Used by kube/ only; one thread.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "kube/channel.h"

namespace kube {

struct TlsSettings {
  std::string ca;           // PEM, one or more certificates; empty: the system's
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
  enum class Role { kServer, kProxy };  // of the peer: only the server's session is resumed

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

}  // namespace kube
