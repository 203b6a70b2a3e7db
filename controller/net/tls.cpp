#include "net/tls.h"

#include <fmt/core.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdlib>
#include <limits>
#include <vector>

#include "base/text/quote.h"
#include "crypto/openssl.h"
#include "crypto/tls.h"
#include "net/url.h"

namespace net {
namespace {

using crypto::BioPtr;
using crypto::CertificatePtr;
using crypto::KeyPtr;
using crypto::take_error;

constexpr std::size_t kNamesShown = 6;  // maximum number of names of a certificate in one message
constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

base::Error refusal(std::string_view what) {
  return crypto::failure(base::ErrorCode::kInvalid, what);
}

// Trusts the system's CAs. OpenSSL's default paths are those of Debian; if they are not readable
// and SSL_CERT_FILE and SSL_CERT_DIR are unset, the bundles of other distributions are tried.
base::Result<void> trust_system(SSL_CTX* context) {
  constexpr std::array<const char*, 4> kBundles = {"/etc/ssl/certs/ca-certificates.crt",
                                                   "/etc/pki/tls/certs/ca-bundle.crt",
                                                   "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
  if (SSL_CTX_set_default_verify_paths(context) != 1)
    return refusal("cannot load the system's CA certificates");
  const auto readable = [](const char* path) { return ::access(path, R_OK) == 0; };
  const bool is_set = std::getenv(X509_get_default_cert_file_env()) != nullptr ||
                      std::getenv(X509_get_default_cert_dir_env()) != nullptr;
  if (is_set || readable(X509_get_default_cert_file()) || readable(X509_get_default_cert_dir())) {
    return {};
  }
  const auto* const bundle = std::find_if(kBundles.begin(), kBundles.end(), readable);
  if (bundle != kBundles.end()) SSL_CTX_load_verify_file(context, *bundle);
  ERR_clear_error();
  return {};
}

base::Result<void> trust(SSL_CTX* context, const std::string& ca) {
  const BioPtr bio = crypto::reader(ca);
  int count = 0;
  while (const CertificatePtr certificate = crypto::next_certificate(bio.get())) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get());
    ++count;
  }
  if (count == 0) return refusal("the CA data contains no PEM certificate");
  ERR_clear_error();
  return {};
}

base::Result<void> present(SSL_CTX* context, const TlsSettings& settings) {
  if (settings.certificate.empty()) return {};
  const BioPtr chain = crypto::reader(settings.certificate);
  const CertificatePtr own = crypto::next_certificate(chain.get());
  if (!own) return refusal("the client certificate is not in PEM format");
  if (SSL_CTX_use_certificate(context, own.get()) != 1)
    return refusal("cannot use the client certificate");
  while (const CertificatePtr issuer = crypto::next_certificate(chain.get())) {
    if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1)
      return refusal("cannot use the issuers of the client certificate");
  }
  ERR_clear_error();
  const KeyPtr key = crypto::first_key(settings.key);
  if (!key) return refusal("the client key is not an unencrypted PEM key");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return refusal("the client key does not belong to the client certificate");
  }
  return {};
}

// Lists the names and addresses that a certificate is valid for: "localhost, 127.0.0.1, …".
std::string names_of(X509* certificate) {
  const crypto::NamesPtr names = crypto::alternative_names(certificate);
  std::vector<std::string> shown;
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (shown.size() == kNamesShown) {
      shown.emplace_back("…");
      break;
    }
    const ASN1_STRING* text = name->type == GEN_DNS     ? name->d.dNSName
                              : name->type == GEN_IPADD ? name->d.iPAddress
                                                        : nullptr;
    if (text == nullptr) continue;
    const std::string_view bytes = crypto::bytes_of(text);
    if (name->type == GEN_DNS) {
      shown.push_back(base::shown(bytes));
      continue;
    }
    boost::asio::ip::address_v4::bytes_type four{};
    boost::asio::ip::address_v6::bytes_type six{};
    if (bytes.size() == four.size()) {
      std::copy(bytes.begin(), bytes.end(), four.begin());
      shown.push_back(boost::asio::ip::address_v4(four).to_string());
    } else if (bytes.size() == six.size()) {
      std::copy(bytes.begin(), bytes.end(), six.begin());
      shown.push_back(boost::asio::ip::address_v6(six).to_string());
    }
  }
  return shown.empty() ? "no name" : fmt::format("{}", fmt::join(shown, ", "));
}

std::string date_of(const ASN1_TIME* time) {
  const auto date = crypto::time_of(time);
  return date ? base::format_seconds(*date) : "an unknown date";
}

// Returns why verification refused the current certificate, as a text for messages.
std::string why_refused(X509_STORE_CTX* store) {
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  const int error = X509_STORE_CTX_get_error(store);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("it expired on {}", date_of(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("it is not valid before {}", date_of(X509_get0_notBefore(certificate)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("it is for another host: {}", names_of(certificate));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_CERT_UNTRUSTED:
      return fmt::format("it was not signed by a trusted CA ({})",
                         X509_verify_cert_error_string(error));
    default: return X509_verify_cert_error_string(error);
  }
}

// A LowerChannel is the data of the BIO through which OpenSSL reads and writes: the channel below
// TLS and its last error.
struct LowerChannel {
  std::unique_ptr<Channel> channel;
  base::Error error = {};
  bool ended = false;
};

int bio_result(BIO* bio, const IoResult& result) {
  auto* below = static_cast<LowerChannel*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  switch (result.status) {
    case IoStatus::kDone: return static_cast<int>(result.bytes);
    case IoStatus::kWantRead: BIO_set_retry_read(bio); return -1;
    case IoStatus::kWantWrite: BIO_set_retry_write(bio); return -1;
    case IoStatus::kEnd: below->ended = true; return 0;
    case IoStatus::kFailed: below->error = result.error; return -1;
  }
  return -1;
}

int bio_read(BIO* bio, char* data, int size) {
  auto* below = static_cast<LowerChannel*>(BIO_get_data(bio));
  return bio_result(bio, below->channel->read({data, static_cast<std::size_t>(size)}));
}

int bio_write(BIO* bio, const char* data, int size) {
  auto* below = static_cast<LowerChannel*>(BIO_get_data(bio));
  return bio_result(bio, below->channel->write({data, static_cast<std::size_t>(size)}));
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return static_cast<LowerChannel*>(BIO_get_data(bio))->ended ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int bio_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

// Returns OpenSSL's method table for the functions above. It is created once and never freed.
BIO_METHOD* bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "channel");
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    BIO_meth_set_create(made, bio_create);
    return made;
  }();
  return method;
}

}  // namespace

struct TlsContext::State {
  crypto::ContextPtr context;
  crypto::SessionPtr session;  // the latest session with a server
  std::string session_peer;    // the server of `session`; no other server may resume it
  bool insecure = false;
};

struct TlsChannel::State {
  std::shared_ptr<TlsContext> context;
  LowerChannel below;
  crypto::SslPtr ssl;
  std::string peer;
  Role role = Role::kServer;
  std::string refused;  // why the peer's certificate was refused; empty: it was accepted
  bool established = false;
  bool broken = false;

  static int verify(int good, X509_STORE_CTX* store);
  static int keep_session(SSL* ssl, SSL_SESSION* session);
  void begin();
  IoResult outcome(int result);
  IoResult failure(int error);
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

base::Result<std::shared_ptr<TlsContext>> TlsContext::make(const TlsSettings& settings) {
  ERR_clear_error();
  auto state = std::make_unique<State>();
  state->insecure = settings.insecure;
  state->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = state->context.get();
  if (context == nullptr) return refusal("OpenSSL");
  crypto::set_common_options(context);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_protos(context, kHttp11.data(), kHttp11.size());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (!settings.insecure) {
    auto trusted = settings.ca.empty() ? trust_system(context) : trust(context, settings.ca);
    if (trusted && !settings.more_ca.empty()) trusted = trust(context, settings.more_ca);
    if (!trusted) return trusted.error();
    // A certificate in the trust store is a trust anchor even if its issuer is not in the store, as
    // in Go; some clusters rely on this.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  }
  if (auto presented = present(context, settings); !presented) return presented.error();
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(state)));
}

int TlsChannel::State::verify(int good, X509_STORE_CTX* store) {
  if (good == 1) return 1;
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  static_cast<State*>(SSL_get_app_data(ssl))->refused = why_refused(store);
  return 0;
}

int TlsChannel::State::keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* state = static_cast<State*>(SSL_get_app_data(ssl));
  if (state == nullptr || state->role != Role::kServer) return 0;
  state->context->state_->session.reset(session);
  state->context->state_->session_peer = state->peer;
  return 1;
}

TlsChannel::TlsChannel(std::shared_ptr<TlsContext> context, std::unique_ptr<Channel> below,
                       const std::string& peer, Role role)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.context = std::move(context);
  state.below.channel = std::move(below);
  state.peer = peer;
  state.role = role;
  TlsContext::State& shared = *state.context->state_;
  SSL_CTX_sess_set_new_cb(shared.context.get(), State::keep_session);
  state.ssl.reset(SSL_new(shared.context.get()));
  SSL* ssl = state.ssl.get();
  SSL_set_app_data(ssl, &state);
  BIO* bio = BIO_new(bio_method());
  BIO_set_data(bio, &state.below);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_connect_state(ssl);

  const bool is_name = !address_of(peer);
  if (is_name) SSL_set_tlsext_host_name(ssl, peer.c_str());
  if (!shared.insecure) {
    X509_VERIFY_PARAM* rules = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(
        rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (is_name) {
      X509_VERIFY_PARAM_set1_host(rules, peer.data(), peer.size());
    } else {
      X509_VERIFY_PARAM_set1_ip_asc(rules, peer.c_str());
    }
    SSL_set_verify(ssl, SSL_VERIFY_PEER, State::verify);
  }
  if (role == Role::kServer && shared.session && shared.session_peer == peer) {
    SSL_set_session(ssl, shared.session.get());
  }
}

TlsChannel::~TlsChannel() {
  // On an intact session the destructor sends close_notify, without waiting for the peer's.
  if (state_->established && !state_->broken) SSL_shutdown(state_->ssl.get());
  SSL_set_app_data(state_->ssl.get(), nullptr);
  ERR_clear_error();
}

// Clears earlier errors, so that failure() reports only those of the next operation.
void TlsChannel::State::begin() {
  ERR_clear_error();
  below.error = {};
}

IoResult TlsChannel::State::failure(int error) {
  broken = true;
  const bool lower = !below.error.message.empty();
  const unsigned long code = ERR_peek_error();
  const std::string reason = take_error();
  if (!refused.empty()) {
    return {IoStatus::kFailed,
            0,
            {base::ErrorCode::kTls,
             fmt::format("the certificate of {} cannot be trusted: {}", peer, refused)}};
  }
  if (lower) return {IoStatus::kFailed, 0, below.error};
  const bool cut =
      error == SSL_ERROR_SYSCALL || (ERR_GET_LIB(code) == ERR_LIB_SSL &&
                                     ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
  if (cut) {
    return {IoStatus::kFailed,
            0,
            {base::ErrorCode::kNetwork,
             established ? "the connection was closed unexpectedly"
                         : "the connection was closed during the TLS handshake"}};
  }
  // Reasons above SSL_AD_REASON_OFFSET are alerts that the peer sent.
  const bool alert = ERR_GET_REASON(code) > SSL_AD_REASON_OFFSET;
  return {IoStatus::kFailed,
          0,
          {base::ErrorCode::kTls,
           fmt::format("{} {}: {}", peer,
                       alert ? "ended the TLS session" : "does not speak valid TLS", reason)}};
}

IoResult TlsChannel::State::outcome(int result) {
  const int error = SSL_get_error(ssl.get(), result);
  switch (error) {
    case SSL_ERROR_WANT_READ: return {IoStatus::kWantRead};
    case SSL_ERROR_WANT_WRITE: return {IoStatus::kWantWrite};
    case SSL_ERROR_ZERO_RETURN: return {IoStatus::kEnd};
    default: return failure(error);
  }
}

IoResult TlsChannel::handshake() {
  state_->begin();
  const int result = SSL_do_handshake(state_->ssl.get());
  if (result != 1) return state_->outcome(result);
  state_->established = true;
  return {IoStatus::kDone};
}

IoResult TlsChannel::read(std::span<char> buffer) {
  state_->begin();
  std::size_t size = 0;
  const int result = SSL_read_ex(state_->ssl.get(), buffer.data(), buffer.size(), &size);
  if (result == 1) return {IoStatus::kDone, size};
  return state_->outcome(result);
}

IoResult TlsChannel::write(std::string_view bytes) {
  state_->begin();
  std::size_t size = 0;
  const int result = SSL_write_ex(state_->ssl.get(), bytes.data(), bytes.size(), &size);
  if (result == 1) return {IoStatus::kDone, size};
  return state_->outcome(result);
}

bool TlsChannel::is_reusable() {
  state_->begin();
  char byte = 0;
  std::size_t size = 0;
  // The peek also processes pending session tickets, which do not count as data.
  const int result = SSL_peek_ex(state_->ssl.get(), &byte, 1, &size);
  return result != 1 && state_->outcome(result).status == IoStatus::kWantRead;
}

std::uint64_t TlsChannel::written() const { return state_->below.channel->written(); }

}  // namespace net
