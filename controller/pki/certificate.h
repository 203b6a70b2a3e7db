// X.509 certificates by OpenSSL, as texts in PEM: an authority of one's own, what it signs, and
// what a certificate says. Keys are ECDSA on P-256. Pure but for OpenSSL's randomness; any thread.
// What is named key holds a secret: never log it. Source: RFC 5280.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace pki {

struct Certificate {
  std::string name;                // common name, of which 64 bytes are used
  std::vector<std::string> hosts;  // DNS names that it is for
  base::Time from = {};            // in whole seconds, both included
  base::Time until = {};
  bool is_authority = false;

  bool operator==(const Certificate&) const = default;
};

struct KeyPair {
  std::string certificate;
  std::string key;
};

// An authority that signs servers' certificates only, no other authorities. wanted.hosts are not
// used. kInternal: OpenSSL cannot.
base::Result<KeyPair> make_authority(const Certificate& wanted);

// A server's certificate. kInvalid: the authority cannot be read, or has another's key.
base::Result<KeyPair> issue(const Certificate& wanted, const KeyPair& authority);

// What the first certificate in the text says. kInvalid when there is none.
base::Result<Certificate> read_certificate(std::string_view text);

// The certificates in the text, up to limits::kAuthorities and to the first that cannot be read.
std::vector<std::string> split_certificates(std::string_view text);

// False also when one of the two cannot be read.
bool has_key(std::string_view certificate, std::string_view key);
bool is_signed_by(std::string_view certificate, std::string_view authority);

}  // namespace pki
