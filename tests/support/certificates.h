// Creates certificates for tests: an authority and the certificates that it issues. Any thread.
#pragma once

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

namespace testing_tls {

using namespace std::chrono_literals;

struct Identity {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

struct Wanted {
  std::string name = "test";
  std::string alternative_names;  // in OpenSSL's notation: "DNS:a.test,IP:127.0.0.1"
  std::chrono::seconds from = -1h;
  std::chrono::seconds until = 24h;
};

template <auto Free>
struct OpenSslDeleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, OpenSslDeleter<X509_free>>;
using BioPtr = std::unique_ptr<BIO, OpenSslDeleter<BIO_free>>;

inline std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

inline std::string pem_of(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio.get());
}

inline std::string pem_of(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

inline void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) throw std::logic_error("extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

class Authority {
 public:
  explicit Authority(const std::string& name) : key_(EVP_EC_gen("P-256")) {
    Wanted wanted;
    wanted.name = name;
    certificate_ = make(wanted, key_.get());
    add_extension(certificate_.get(), certificate_.get(), NID_basic_constraints,
                  "critical,CA:TRUE");
    X509_sign(certificate_.get(), key_.get(), EVP_sha256());
  }

  std::string pem() const { return pem_of(certificate_.get()); }

  Identity issue(const Wanted& wanted) const {
    const KeyPtr key(EVP_EC_gen("P-256"));
    const CertificatePtr certificate = make(wanted, key.get());
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
    if (!wanted.alternative_names.empty()) {
      add_extension(certificate.get(), certificate_.get(), NID_subject_alt_name,
                    wanted.alternative_names);
    }
    X509_sign(certificate.get(), key_.get(), EVP_sha256());
    return {pem_of(certificate.get()), pem_of(key.get())};
  }

  // Issues a server certificate for 127.0.0.1 and localhost.
  Identity server() const {
    Wanted wanted;
    wanted.alternative_names = "DNS:localhost,IP:127.0.0.1";
    return issue(wanted);
  }

 private:
  static CertificatePtr make(const Wanted& wanted, EVP_PKEY* key) {
    static long serial = 0;
    CertificatePtr certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), wanted.from.count());
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), wanted.until.count());
    X509_set_pubkey(certificate.get(), key);
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wanted.name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(certificate.get(), name);
    return certificate;
  }

  KeyPtr key_;
  CertificatePtr certificate_;
};

}  // namespace testing_tls
