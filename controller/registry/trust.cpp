#include "registry/trust.h"

#include <fmt/core.h>

#include "net/file.h"

namespace registry {
namespace {

base::Error unusable(const base::Error& error) { return {base::ErrorCode::kTls, error.message}; }

}  // namespace

base::Result<Trust::Context> Trust::verified() {
  std::string more_ca;
  if (!ca_file_.empty()) {
    auto content = net::read_credential_file(ca_file_);
    if (!content) return unusable(content.error());
    more_ca = std::move(*content);
    if (more_ca.empty()) return base::Error{base::ErrorCode::kTls, ca_file_ + " is empty"};
  }
  if (verified_ && more_ca == more_ca_) return verified_;
  net::TlsSettings settings;
  settings.more_ca = more_ca;
  auto made = net::TlsContext::make(settings);
  if (!made) {
    return base::Error{base::ErrorCode::kTls, ca_file_.empty()
                                                  ? made.error().message
                                                  : ca_file_ + ": " + made.error().message};
  }
  verified_ = std::move(*made);
  more_ca_ = std::move(more_ca);
  return verified_;
}

base::Result<Trust::Context> Trust::unverified() {
  if (unverified_) return unverified_;
  net::TlsSettings settings;
  settings.insecure = true;
  auto made = net::TlsContext::make(settings);
  if (!made) return unusable(made.error());
  unverified_ = std::move(*made);
  return unverified_;
}

}  // namespace registry
