// TLS for clients, by OpenSSL, whose headers this file does not include. A TlsContext holds the
// trusted CAs and the client certificate; a TlsChannel is one TLS session over another channel.
//
// TLS 1.2 is the minimum. The peer's certificate chain, its dates and its names are verified unless
// TlsSettings::insecure is set. The context keeps its latest session with a server and resumes it
// only with a server of the same name. Contexts and channels are used on one thread.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "net/channel.h"

namespace net {

struct TlsSettings {
  std::string ca;           // PEM, one or more CA certificates; empty: the system's CAs
  std::string more_ca;      // PEM, CA certificates that are trusted in addition
  std::string certificate;  // PEM, the client's certificate and then its issuers; empty: none
  std::string key;          // PEM, not encrypted
  bool insecure = false;    // true: the peer's certificate is not verified

  bool operator==(const TlsSettings&) const = default;
};

class TlsContext {
 public:
  // Creates a context. kInvalid: a text is not valid PEM, or the key does not belong to the
  // certificate.
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
  // Role is the kind of the peer. Only sessions with servers are kept and resumed, not those with
  // proxies.
  enum class Role { kServer, kProxy };

  // `peer`: host name or IP address that the peer's certificate must match. The channel shares
  // ownership of the context, because the client may replace its context while the channel is open.
  TlsChannel(std::shared_ptr<TlsContext> context, std::unique_ptr<Channel> below,
             const std::string& peer, Role role);
  ~TlsChannel() override;

  // Continues the handshake; kDone when it is complete. kFailed with kTls: the certificate is
  // expired, from an unknown authority or for another host, or the peer refused the session.
  // kFailed with kNetwork: the connection was closed.
  IoResult handshake();

  IoResult read(std::span<char> buffer) override;
  IoResult write(std::string_view bytes) override;
  bool is_reusable() override;
  std::uint64_t written() const override;

 private:
  struct State;

  std::unique_ptr<State> state_;
};

}  // namespace net
