#include "crypto/certificate.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>
#include <optional>

#include "base/limits.h"
#include "crypto/openssl.h"

namespace crypto {
namespace {

constexpr std::size_t kNameBytes = 64;  // ub-common-name of RFC 5280
constexpr int kSerialBits = 127;        // a positive number of 16 bytes; RFC 5280 allows 20 bytes

struct Extension {
  int kind;
  std::string value;  // in the syntax of OpenSSL's configuration files
};

CertificatePtr load_certificate(std::string_view text) {
  CertificatePtr certificate = next_certificate(reader(text).get());
  ERR_clear_error();
  return certificate;
}

KeyPtr load_key(std::string_view text) {
  KeyPtr key = first_key(text);
  ERR_clear_error();
  return key;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string text_of(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio.get());
}

std::string text_of(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

bool set_time(ASN1_TIME* field, base::Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  return ASN1_TIME_set(field, static_cast<std::time_t>(seconds.count())) != nullptr;
}

bool set_serial(X509* certificate) {
  const NumberPtr number(BN_new());
  return BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_name(X509* certificate, std::string_view name) {
  name = name.substr(0, kNameBytes);
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

bool extend(X509* certificate, X509* issuer, const std::vector<Extension>& extensions) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const Extension& extension : extensions) {
    const ExtensionPtr made(
        X509V3_EXT_conf_nid(nullptr, &context, extension.kind, extension.value.c_str()));
    if (!made || X509_add_ext(certificate, made.get(), -1) != 1) return false;
  }
  return true;
}

// Creates a key and its certificate. The authority signs the certificate; if `authority` is null,
// the certificate is self-signed.
base::Result<KeyPair> make(const Certificate& wanted, const std::vector<Extension>& extensions,
                           X509* authority, EVP_PKEY* authority_key) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate(X509_new());
  X509* made = certificate.get();
  X509* issuer = authority == nullptr ? made : authority;
  if (!key || made == nullptr || X509_set_version(made, X509_VERSION_3) != 1 || !set_serial(made) ||
      !set_time(X509_getm_notBefore(made), wanted.from) ||
      !set_time(X509_getm_notAfter(made), wanted.until) || !set_name(made, wanted.name) ||
      X509_set_pubkey(made, key.get()) != 1 ||
      X509_set_issuer_name(made, X509_get_subject_name(issuer)) != 1 ||
      !extend(made, issuer, extensions) ||
      X509_sign(made, authority == nullptr ? key.get() : authority_key, EVP_sha256()) == 0) {
    return failure(base::ErrorCode::kInternal, "cannot create a certificate");
  }
  return KeyPair{text_of(made), text_of(key.get())};
}

std::vector<std::string> hosts_of(X509* certificate) {
  const NamesPtr names = alternative_names(certificate);
  std::vector<std::string> hosts;
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) hosts.emplace_back(bytes_of(name->d.dNSName));
  }
  return hosts;
}

std::string name_of(X509* certificate) {
  const X509_NAME* name = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return "";
  return std::string(bytes_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index))));
}

}  // namespace

base::Result<KeyPair> make_authority(const Certificate& wanted) {
  return make(wanted,
              {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
               {NID_key_usage, "critical,keyCertSign"},
               {NID_subject_key_identifier, "hash"}},
              nullptr, nullptr);
}

base::Result<KeyPair> issue(const Certificate& wanted, const KeyPair& authority) {
  const CertificatePtr issuer = load_certificate(authority.certificate);
  const KeyPtr key = load_key(authority.key);
  if (!issuer || !key || X509_check_private_key(issuer.get(), key.get()) != 1) {
    ERR_clear_error();
    return base::Error{base::ErrorCode::kInvalid,
                       "the CA cannot sign: its certificate and key are missing or do not match"};
  }
  std::string hosts;
  for (const std::string& host : wanted.hosts) hosts += (hosts.empty() ? "DNS:" : ",DNS:") + host;
  return make(wanted,
              {{NID_basic_constraints, "critical,CA:FALSE"},
               {NID_key_usage, "critical,digitalSignature"},
               {NID_ext_key_usage, "serverAuth"},
               {NID_subject_key_identifier, "hash"},
               {NID_authority_key_identifier, "keyid:always"},
               {NID_subject_alt_name, hosts}},
              issuer.get(), key.get());
}

base::Result<Certificate> read_certificate(std::string_view text) {
  const CertificatePtr certificate = load_certificate(text);
  if (!certificate) return base::Error{base::ErrorCode::kInvalid, "not a PEM certificate"};
  Certificate result;
  result.name = name_of(certificate.get());
  result.hosts = hosts_of(certificate.get());
  result.from = time_of(X509_get0_notBefore(certificate.get())).value_or(base::Time());
  result.until = time_of(X509_get0_notAfter(certificate.get())).value_or(base::Time());
  result.is_authority = X509_check_ca(certificate.get()) == 1;
  ERR_clear_error();
  return result;
}

std::vector<std::string> split_certificates(std::string_view text) {
  const BioPtr bio = reader(text);
  std::vector<std::string> texts;
  while (texts.size() < limits::kAuthorities) {
    const CertificatePtr certificate = next_certificate(bio.get());
    if (!certificate) break;
    texts.push_back(text_of(certificate.get()));
  }
  ERR_clear_error();
  return texts;
}

bool has_key(std::string_view certificate, std::string_view key) {
  const CertificatePtr loaded = load_certificate(certificate);
  const KeyPtr loaded_key = load_key(key);
  const bool matches =
      loaded && loaded_key && X509_check_private_key(loaded.get(), loaded_key.get()) == 1;
  ERR_clear_error();
  return matches;
}

bool is_signed_by(std::string_view certificate, std::string_view authority) {
  const CertificatePtr loaded = load_certificate(certificate);
  const CertificatePtr issuer = load_certificate(authority);
  const bool is_signed = loaded && issuer &&
                         X509_check_issued(issuer.get(), loaded.get()) == X509_V_OK &&
                         X509_verify(loaded.get(), X509_get0_pubkey(issuer.get())) == 1;
  ERR_clear_error();
  return is_signed;
}

}  // namespace crypto
