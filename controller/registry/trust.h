// Whom HTTPS trusts: the system's CAs and a file with more of them, which is read again when it has
// changed. One owner, which outlives who uses it; on the thread of the io_context.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "net/tls.h"

namespace registry {

class Trust {
 public:
  using Context = std::shared_ptr<net::TlsContext>;

  // ca_file: PEM; empty: the system's CAs alone.
  explicit Trust(std::string ca_file) : ca_file_(std::move(ca_file)) {}
  Trust(const Trust&) = delete;
  Trust& operator=(const Trust&) = delete;

  // kTls: the file cannot be used; the message names it.
  base::Result<Context> verified();

  // For registries that need not prove who they are.
  base::Result<Context> unverified();

 private:
  std::string ca_file_;
  std::string more_ca_;  // what verified_ was made with
  Context verified_;
  Context unverified_;
};

}  // namespace registry
