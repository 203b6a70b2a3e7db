// This file has owning handles for OpenSSL's objects and functions that read PEM texts, for the
// files that call OpenSSL themselves. Only .cpp files include this header, because it includes
// headers of OpenSSL. Each handle has one owner. Everything here can be used on any thread; OpenSSL
// has one error queue for each thread.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace crypto {

template <auto Free>
struct OpenSslDeleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, OpenSslDeleter<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, OpenSslDeleter<X509_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, OpenSslDeleter<EVP_MD_CTX_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpenSslDeleter<X509_EXTENSION_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpenSslDeleter<GENERAL_NAMES_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, OpenSslDeleter<BN_free>>;

// Returns the reason of the oldest error in OpenSSL's error queue, and empties the queue.
std::string take_error();

// Returns an error with that reason, which it takes from the queue: "{what}: {reason}".
base::Error failure(base::ErrorCode code, std::string_view what);

// Returns a BIO that reads the text, which must outlive it.
BioPtr reader(std::string_view text);

// This password callback returns no password, because encrypted PEM is not supported. Without a
// callback, OpenSSL would ask on the terminal.
int no_password(char* buffer, int size, int is_encrypting, void* data);

// Reads the next certificate of a PEM text. Returns null when there is none. OpenSSL's errors stay
// in the queue.
CertificatePtr next_certificate(BIO* bio);

// Reads the first private key of a PEM text. Returns null when there is none, or when the key is
// encrypted. OpenSSL's errors stay in the queue.
KeyPtr first_key(std::string_view text);

// Returns the subject alternative names of a certificate, or null when it has none.
NamesPtr alternative_names(const X509* certificate);

// Returns a view of the bytes of an OpenSSL string. The view is valid as long as the string.
std::string_view bytes_of(const ASN1_STRING* string);

// Returns the time; nothing when it is null or not valid.
std::optional<base::Time> time_of(const ASN1_TIME* time);

}  // namespace crypto
