#include "crypto/openssl.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>

namespace crypto {

std::string take_error() {
  const unsigned long number = ERR_get_error();
  ERR_clear_error();
  const char* reason = number == 0 ? nullptr : ERR_reason_error_string(number);
  return reason == nullptr ? "unknown error" : reason;
}

base::Error failure(base::ErrorCode code, std::string_view what) {
  return {code, fmt::format("{}: {}", what, take_error())};
}

BioPtr reader(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int no_password(char*, int, int, void*) { return 0; }

CertificatePtr next_certificate(BIO* bio) {
  return CertificatePtr(PEM_read_bio_X509(bio, nullptr, no_password, nullptr));
}

KeyPtr first_key(std::string_view text) {
  const BioPtr bio = reader(text);
  return KeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
}

NamesPtr alternative_names(const X509* certificate) {
  return NamesPtr(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
}

std::string_view bytes_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::optional<base::Time> time_of(const ASN1_TIME* time) {
  std::tm date{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &date) != 1) return std::nullopt;
  return base::Time(std::chrono::seconds(timegm(&date)));
}

}  // namespace crypto
