// Manages the certificates of the webhook. Every replica serves the certificate in one Secret. The
// leader renews it (crypto/rotation.h) and writes its CA certificates into the caBundle of the
// MutatingWebhookConfiguration.
//
// Guarantees
//  * A new certificate in the Secret is served as soon as the watch delivers it.
//  * Two replicas that both consider themselves the leader do not undo each other's writes, however
//    stale their caches are. A write carries the resourceVersion that it was decided from, and the
//    caBundle is written only after a live read of the Secret.
//  * The configuration owns a Secret that this class created, so that both are deleted together.
//    Without a configuration no Secret is created.
//  * Of the configuration, only the caBundle is written. Whenever another client changes the
//    caBundle, it is written again.
// Caveats: a missing configuration is not created; without it, the API server does not call the
// webhook.
//
// One owner (the program). Used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "api/secret.h"
#include "api/webhook_configuration.h"
#include "async/signal.h"
#include "crypto/rotation.h"
#include "kube/environment.h"
#include "kube/watch/informer.h"

namespace controller {

struct WebhookCertificateOptions {
  api::ObjectKey secret;
  std::string configuration;  // name of the MutatingWebhookConfiguration
  crypto::RotationPolicy policy;
};

// A CertificateObserver is notified of what metrics show about the certificates. Its function does
// nothing unless overridden.
class CertificateObserver {
 public:
  CertificateObserver() = default;
  CertificateObserver(const CertificateObserver&) = delete;
  CertificateObserver& operator=(const CertificateObserver&) = delete;
  virtual ~CertificateObserver() = default;

  // The certificate that is served from now on expires at this time, in seconds since the epoch.
  virtual void set_webhook_certificate_expiry(std::chrono::seconds /*since_epoch*/) {}
};

class WebhookCertificates {
 public:
  // Starts to serve a certificate with its key, both in PEM.
  using Serve =
      std::function<base::Result<void>(const std::string& certificate, const std::string& key)>;

  // `observer` and `watch_observer` (which may be null) must outlive this object.
  WebhookCertificates(const kube::Environment& environment, WebhookCertificateOptions options,
                      Serve serve, CertificateObserver& observer,
                      kube::WatchObserver* watch_observer = nullptr);
  WebhookCertificates(const WebhookCertificates&) = delete;
  WebhookCertificates& operator=(const WebhookCertificates&) = delete;

  // Watches the Secret and the configuration, and serves the stored certificate, until it is
  // cancelled.
  boost::asio::awaitable<void> run();

  // Renews the certificate and updates the caBundle, until it is cancelled. Only the leader calls
  // it, while run() runs. It may be called again after it was cancelled.
  boost::asio::awaitable<void> lead();

  // For /readyz: returns why the API server cannot call the webhook. Empty when the API server can
  // call it, when there is no configuration and so no caller, or when another replica is the leader
  // and has not created a certificate yet.
  std::string waiting_for() const;

 private:
  using Wait = base::Clock::Duration;
  using Configuration = std::shared_ptr<const api::MutatingWebhookConfiguration>;

  void serve_stored_certificate(const api::Secret& secret);
  boost::asio::awaitable<base::Result<Wait>> step();
  boost::asio::awaitable<base::Result<void>> write(crypto::StoredCertificates stored);
  boost::asio::awaitable<base::Result<void>> write_ca_bundle(std::string authorities);
  boost::asio::awaitable<base::Result<void>> apply_bundle(
      api::MutatingWebhookConfiguration configuration, std::string bundle);
  std::optional<crypto::Duration> trusted_for(const crypto::StoredCertificates& stored);
  bool is_trusted() const;
  std::shared_ptr<const api::Secret> secret() const;
  Configuration configuration() const;
  void report(const base::Error& error);
  void changed();

  kube::Environment environment_;
  WebhookCertificateOptions options_;
  Serve serve_;
  CertificateObserver& observer_;
  kube::Informer<api::Secret> secrets_;
  kube::Informer<api::MutatingWebhookConfiguration> configurations_;
  async::Signal changed_;
  bool dirty_ = false;  // a watched object changed since the last step began
  bool leading_ = false;
  std::string served_;      // the certificate; empty: none
  std::string unusable_;    // why the certificate in the Secret is not served
  std::string last_error_;  // error of the last step; empty: none
  std::string trusted_;     // the newest CA certificate, once it is in the configuration
  base::Clock::Instant trusted_since_ = {};
};

}  // namespace controller
