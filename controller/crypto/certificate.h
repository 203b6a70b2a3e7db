// Creates and reads X.509 certificates with OpenSSL, as PEM texts: certificate authorities, and the
// server certificates that they sign. Keys are ECDSA on P-256. Pure but for OpenSSL's randomness;
// any thread. Members and parameters named `key` hold private keys: never log them. Source: RFC
// 5280.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace crypto {

struct Certificate {
  std::string name;                // common name, cut after 64 bytes
  std::vector<std::string> hosts;  // DNS names of the server
  base::Time from = {};            // first second of validity
  base::Time until = {};           // last second of validity
  bool is_authority = false;

  bool operator==(const Certificate&) const = default;
};

struct KeyPair {
  std::string certificate;
  std::string key;
};

// Creates an authority that signs server certificates only, no other authorities. Ignores
// wanted.hosts. kInternal: OpenSSL failed.
base::Result<KeyPair> make_authority(const Certificate& wanted);

// Creates a server certificate, signed by the authority. kInvalid: the authority cannot be read, or
// its key does not match. kInternal: OpenSSL failed.
base::Result<KeyPair> issue(const Certificate& wanted, const KeyPair& authority);

// Returns the fields of the first certificate in the text. kInvalid: there is none.
base::Result<Certificate> read_certificate(std::string_view text);

// Returns the certificates in the text, up to the first that cannot be read; at most
// limits::kAuthorities.
std::vector<std::string> split_certificates(std::string_view text);

// has_key() and is_signed_by() also return false when one of the texts cannot be read.
bool has_key(std::string_view certificate, std::string_view key);
bool is_signed_by(std::string_view certificate, std::string_view authority);

}  // namespace crypto
