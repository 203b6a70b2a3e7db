// Provides the TLS contexts for connections to registries. They trust the system's CAs and the CAs
// of a file; a changed file takes effect at the next call. A Trust has one owner and outlives the
// HttpClients that use it. It is used on the thread of the io_context only.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "net/tls.h"

namespace registry {

class Trust {
 public:
  using Context = std::shared_ptr<net::TlsContext>;

  // `ca_file`: path of a PEM file; empty: only the system's CAs are trusted.
  explicit Trust(std::string ca_file) : ca_file_(std::move(ca_file)) {}
  Trust(const Trust&) = delete;
  Trust& operator=(const Trust&) = delete;

  // Returns a context that verifies servers. kTls: the CA file cannot be used; the message names
  // it.
  base::Result<Context> verified();

  // Returns a context that verifies nothing, for insecure registries.
  base::Result<Context> unverified();

 private:
  std::string ca_file_;
  std::string more_ca_;  // the content of ca_file_ that verified_ trusts
  Context verified_;
  Context unverified_;
};

}  // namespace registry
