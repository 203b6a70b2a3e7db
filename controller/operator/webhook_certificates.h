// The certificates of the webhook. Every replica serves what one Secret holds; the leader renews
// it (pki/rotation.h) and has the API server trust it, in the webhook configuration.
//
// Guarantees
//  * What the Secret holds is served as soon as the watch tells of it.
//  * Two who take themselves for the leader do not undo each other's work, however late their
//    watches are: what is written carries the resourceVersion that it was decided from, and what is
//    trusted is what the Secret holds then, read anew.
//  * A Secret that it has made goes with the configuration, which owns it; without a configuration
//    none is made.
//  * Of the configuration only the caBundle is written, and again whenever it is changed.
// Caveats: a configuration that is not there is not made; nobody calls the webhook then.
//
// One owner (the program). Used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>

#include "api/secret.h"
#include "api/webhook_configuration.h"
#include "kube/environment.h"
#include "kube/informer.h"
#include "pki/rotation.h"
#include "runtime/metrics.h"

namespace controller {

struct WebhookCertificateOptions {
  api::ObjectKey secret;
  std::string configuration;  // name of the MutatingWebhookConfiguration
  pki::Policy policy;
};

class WebhookCertificates {
 public:
  // Takes a certificate and its key into service, both in PEM.
  using Serve =
      std::function<base::Result<void>(const std::string& certificate, const std::string& key)>;

  // metrics, and observer, if any, outlive this.
  WebhookCertificates(const kube::Environment& environment, WebhookCertificateOptions options,
                      Serve serve, runtime::Metrics& metrics,
                      kube::WatchObserver* observer = nullptr);
  WebhookCertificates(const WebhookCertificates&) = delete;
  WebhookCertificates& operator=(const WebhookCertificates&) = delete;

  // Watches, and serves what it sees, until it is cancelled.
  boost::asio::awaitable<void> run();

  // Renews, and has it trusted, until it is cancelled. run() runs beside this. May be run again.
  boost::asio::awaitable<void> lead();

  // For /readyz: why the webhook cannot be called; empty when it can, when nobody is to call it,
  // or when the leader, which is somebody else, has not made a certificate yet.
  std::string waiting_for() const;

 private:
  using Wait = base::Clock::Duration;
  using Configuration = std::shared_ptr<const api::MutatingWebhookConfiguration>;

  void serve_what_is_stored(const api::Secret& secret);
  boost::asio::awaitable<base::Result<Wait>> step();
  boost::asio::awaitable<base::Result<void>> write(pki::Stored stored);
  boost::asio::awaitable<base::Result<void>> inject(std::string authorities);
  boost::asio::awaitable<base::Result<void>> apply_bundle(
      api::MutatingWebhookConfiguration configuration, std::string bundle);
  std::optional<pki::Duration> trusted_for(const pki::Stored& stored);
  bool is_trusted() const;
  std::shared_ptr<const api::Secret> secret() const;
  Configuration configuration() const;
  void report(const base::Error& error);
  void changed();

  kube::Environment environment_;
  WebhookCertificateOptions options_;
  Serve serve_;
  runtime::Metrics& metrics_;
  kube::Informer<api::Secret> secrets_;
  kube::Informer<api::MutatingWebhookConfiguration> configurations_;
  kube::Signal changed_;
  bool dirty_ = false;  // something has changed since the last step began
  bool leading_ = false;
  std::string served_;    // the certificate; empty: none
  std::string unusable_;  // why the one in the Secret is not served
  std::string trouble_;   // what the last step failed of
  std::string trusted_;   // the newest authority, once it is in the configuration
  base::Clock::Instant trusted_since_ = {};
};

}  // namespace controller
