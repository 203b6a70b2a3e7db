// This file creates and reads X.509 certificates with OpenSSL, as PEM texts: certificate
// authorities (CAs), and the server certificates that they sign (RFC 5280). Keys are ECDSA on
// P-256. Apart from the random numbers of OpenSSL, the functions are pure; they can be called on
// any thread. Members and parameters named `key` hold private keys: never log them.
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

// Creates a CA that may sign server certificates but no other CAs. Ignores wanted.hosts. Returns
// kInternal when OpenSSL fails.
base::Result<KeyPair> make_authority(const Certificate& wanted);

// Creates a server certificate that the authority signs. Returns kInvalid when the authority cannot
// be read or its key does not match, or kInternal when OpenSSL fails.
base::Result<KeyPair> issue(const Certificate& wanted, const KeyPair& authority);

// Returns the fields of the first certificate in the text, or kInvalid when the text has none.
base::Result<Certificate> read_certificate(std::string_view text);

// Returns the certificates in the text, at most limits::kAuthorities. Stops at the first one that
// cannot be read.
std::vector<std::string> split_certificates(std::string_view text);

// has_key() returns whether `key` is the private key of the certificate; is_signed_by() returns
// whether the authority has signed the certificate. Both return false when one of the texts cannot
// be read.
bool has_key(std::string_view certificate, std::string_view key);
bool is_signed_by(std::string_view certificate, std::string_view authority);

}  // namespace crypto
