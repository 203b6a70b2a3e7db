#include "operator/webhook/webhook_certificates.h"

#include <fmt/core.h>

#include <algorithm>

#include "async/parallel.h"
#include "base/backoff.h"
#include "base/limits.h"
#include "base/text/base64.h"
#include "operator/scoped_flag.h"
#include "reconcile/children/names.h"

namespace controller {
namespace {

namespace asio = boost::asio;

constexpr const char* kAuthorities = "ca.crt";
constexpr const char* kAuthorityKey = "ca.key";
constexpr const char* kCertificate = "tls.crt";
constexpr const char* kKey = "tls.key";

std::string decoded(const api::Secret& secret, const char* key) {
  return base::decode_base64(api::lookup(secret.data, key)).value_or("");
}

crypto::StoredCertificates stored_in(const api::Secret& secret) {
  return {decoded(secret, kAuthorities), decoded(secret, kAuthorityKey),
          decoded(secret, kCertificate), decoded(secret, kKey)};
}

api::StringMap data_of(const crypto::StoredCertificates& stored) {
  return {{kAuthorities, base::encode_base64(stored.authorities)},
          {kAuthorityKey, base::encode_base64(stored.authority_key)},
          {kCertificate, base::encode_base64(stored.certificate)},
          {kKey, base::encode_base64(stored.key)}};
}

bool trusts(const api::MutatingWebhookConfiguration& configuration, const std::string& bundle) {
  return std::all_of(configuration.webhooks.begin(), configuration.webhooks.end(),
                     [&](const auto& hook) { return hook.client_config.ca_bundle == bundle; });
}

// A deleted object is no failure, because the watch reports it.
base::Result<void> ignore_not_found(const base::Error& error) {
  if (error.code == base::ErrorCode::kNotFound) return {};
  return error;
}

std::string_view name(crypto::RotationStep step) {
  switch (step) {
    case crypto::RotationStep::kKeep: return "keep";
    case crypto::RotationStep::kReplaceAll: return "created a CA and a certificate";
    case crypto::RotationStep::kIssueLeaf: return "issued a certificate";
    case crypto::RotationStep::kAddAuthority: return "added a CA";
    case crypto::RotationStep::kDropAuthorities: return "removed the old CA";
  }
  return "keep";
}

}  // namespace

WebhookCertificates::WebhookCertificates(const kube::Environment& environment,
                                         WebhookCertificateOptions options, Serve serve,
                                         CertificateObserver& observer,
                                         kube::WatchObserver* watch_observer)
    : environment_(environment),
      options_(std::move(options)),
      serve_(std::move(serve)),
      observer_(observer),
      secrets_(environment, {{{options_.secret.namespace_name, options_.secret.name}}, ""},
               watch_observer),
      configurations_(environment, {{{"", options_.configuration}}, ""}, watch_observer),
      changed_(environment.executor) {
  secrets_.store().on_change([this](const api::Secret*, const api::Secret* after) {
    if (after != nullptr) serve_stored_certificate(*after);
    changed();
  });
  configurations_.store().on_change([this](const auto*, const auto*) { changed(); });
}

void WebhookCertificates::changed() {
  dirty_ = true;
  changed_.notify();
}

std::shared_ptr<const api::Secret> WebhookCertificates::secret() const {
  return secrets_.store().get(options_.secret);
}

WebhookCertificates::Configuration WebhookCertificates::configuration() const {
  return configurations_.store().get({"", options_.configuration});
}

// Serves the certificate in the Secret. If the Secret is empty, the previous certificate is still
// served, because it may still be trusted.
void WebhookCertificates::serve_stored_certificate(const api::Secret& secret) {
  const crypto::StoredCertificates stored = stored_in(secret);
  if (stored.certificate.empty() || stored.certificate == served_) return;
  const base::Result<void> taken = serve_(stored.certificate, stored.key);
  if (!taken) {
    unusable_ = taken.error().message;
    environment_.logger.warning(
        "the webhook's certificate cannot be used",
        {{"secret", api::to_string(options_.secret)}, {"error", unusable_}});
    return;
  }
  unusable_.clear();
  served_ = stored.certificate;
  const base::Time until = crypto::expiry(stored).value_or(base::Time());
  observer_.set_webhook_certificate_expiry(
      std::chrono::floor<std::chrono::seconds>(until.time_since_epoch()));
  environment_.logger.info("the webhook serves a new certificate",
                           {{"until", base::format_seconds(until)}});
}

asio::awaitable<void> WebhookCertificates::run() {
  std::vector<asio::awaitable<void>> watches;
  watches.push_back(secrets_.run());
  watches.push_back(configurations_.run());
  co_await async::run_until_one_ends(std::move(watches));
}

asio::awaitable<void> WebhookCertificates::lead() {
  const ScopedFlag leading(leading_);
  trusted_.clear();
  co_await secrets_.wait_synced();
  co_await configurations_.wait_synced();
  base::Backoff backoff(limits::kWatchBackoff);
  while (true) {
    dirty_ = false;
    auto stepping = step();
    const base::Result<Wait> next = co_await std::move(stepping);
    Wait wait = {};
    if (next) {
      wait = *next;
      last_error_.clear();
      backoff.reset();
    } else {
      report(next.error());
      wait = backoff.next(environment_.random, environment_.clock.now());
    }
    if (next && dirty_) continue;
    co_await changed_.wait_for(environment_.clock, wait);
  }
}

// Logs the error, unless the previous step failed with the same one. A conflict is no error,
// because it means that another replica was faster.
void WebhookCertificates::report(const base::Error& error) {
  if (error.lost_race()) return;
  const std::string text = base::to_string(error);
  if (text == last_error_) return;
  last_error_ = text;
  environment_.logger.warning("cannot renew the webhook's certificates", {{"error", text}});
}

// Takes the step that is due, if any, and returns the time to wait before the next call.
asio::awaitable<base::Result<WebhookCertificates::Wait>> WebhookCertificates::step() {
  const auto held = secret();
  // Without a configuration the webhook is not used, and no owner would delete a Secret that is
  // created now.
  if (!held && !configuration()) co_return limits::kCertificateCheck;
  const crypto::StoredCertificates stored = held ? stored_in(*held) : crypto::StoredCertificates();
  const base::Time now = environment_.clock.wall();
  const crypto::RotationDecision decision =
      crypto::decide(crypto::find_usable_parts(stored, options_.policy.hosts), options_.policy, now,
                     trusted_for(stored));
  if (decision.step != crypto::RotationStep::kKeep) {
    base::Result<crypto::StoredCertificates> renewed =
        crypto::perform_step(decision.step, stored, options_.policy, now);
    if (!renewed) co_return renewed.error();
    environment_.logger.info("renewed the webhook's certificates",
                             {{"step", std::string(name(decision.step))}, {"why", decision.why}});
    auto writing = write(*std::move(renewed));
    const base::Result<void> written = co_await std::move(writing);
    if (!written) co_return written.error();
    co_return limits::kCertificatePause;
  }
  const Configuration configured = configuration();
  if (configured && !trusts(*configured, base::encode_base64(stored.authorities))) {
    auto writing = write_ca_bundle(stored.authorities);
    const base::Result<void> written = co_await std::move(writing);
    if (!written) co_return written.error();
    co_return limits::kCertificatePause;
  }
  co_return std::min<Wait>(decision.wait.value_or(limits::kCertificateCheck),
                           limits::kCertificateCheck);
}

// Returns how long the newest CA certificate has been trusted: the time by the local clock since
// this process first saw the certificate in the configuration. Returns nullopt when it is not
// trusted yet.
std::optional<crypto::Duration> WebhookCertificates::trusted_for(
    const crypto::StoredCertificates& stored) {
  const Configuration configured = configuration();
  const std::string newest = crypto::newest_authority(stored);
  if (!configured || newest.empty() ||
      !trusts(*configured, base::encode_base64(stored.authorities))) {
    trusted_.clear();
    return std::nullopt;
  }
  const base::Clock::Instant now = environment_.clock.now();
  if (trusted_ != newest) trusted_since_ = now;
  trusted_ = newest;
  return std::chrono::duration_cast<crypto::Duration>(now - trusted_since_);
}

asio::awaitable<base::Result<void>> WebhookCertificates::write(crypto::StoredCertificates stored) {
  const auto before = secret();
  api::Secret wanted;
  wanted.data = data_of(stored);
  if (before) {
    wanted.metadata.resource_version = before->metadata.resource_version;
    auto patching = environment_.client.patch<api::Secret>(options_.secret, json::encode(wanted));
    base::Result<api::Secret> patched = co_await std::move(patching);
    if (!patched) co_return patched.error();
    secrets_.store().record_written(*std::move(patched));
    co_return base::Result<void>();
  }
  wanted.type = "Opaque";
  wanted.metadata.name = options_.secret.name;
  wanted.metadata.namespace_name = options_.secret.namespace_name;
  wanted.metadata.labels = {
      {std::string(reconcile::kManagedByLabel), std::string(reconcile::kManager)}};
  if (const Configuration owner = configuration()) {
    wanted.metadata.owner_references = {{"admissionregistration.k8s.io/v1",
                                         "MutatingWebhookConfiguration", owner->metadata.name,
                                         owner->metadata.uid, std::nullopt, std::nullopt}};
  }
  auto creating = environment_.client.create(wanted);
  base::Result<api::Secret> created = co_await std::move(creating);
  if (!created) co_return created.error();
  secrets_.store().record_written(*std::move(created));
  co_return base::Result<void>();
}

// Writes these CA certificates into the caBundle, unless the Secret has changed and no longer holds
// them. The caches may be stale, so both objects are read live, the configuration first. If another
// leader changes the Secret after these reads, it writes the configuration later. Then either this
// write gets a 409, or the other leader's newer write replaces it.
asio::awaitable<base::Result<void>> WebhookCertificates::write_ca_bundle(std::string authorities) {
  auto reading =
      environment_.client.get<api::MutatingWebhookConfiguration>({"", options_.configuration});
  base::Result<api::MutatingWebhookConfiguration> configuration = co_await std::move(reading);
  if (!configuration) co_return ignore_not_found(configuration.error());
  auto asking = environment_.client.get<api::Secret>(options_.secret);
  base::Result<api::Secret> secret = co_await std::move(asking);
  if (!secret) co_return ignore_not_found(secret.error());
  const bool current = stored_in(*secret).authorities == authorities;
  secrets_.store().record_written(*std::move(secret));
  if (!current) co_return base::Result<void>();
  auto applying = apply_bundle(*std::move(configuration), base::encode_base64(authorities));
  base::Result<void> applied = co_await std::move(applying);
  co_return applied;
}

asio::awaitable<base::Result<void>> WebhookCertificates::apply_bundle(
    api::MutatingWebhookConfiguration configuration, std::string bundle) {
  if (trusts(configuration, bundle)) {
    configurations_.store().record_written(std::move(configuration));
    co_return base::Result<void>();
  }
  api::MutatingWebhookConfiguration wanted;
  wanted.metadata.name = configuration.metadata.name;
  for (const api::MutatingWebhook& webhook : configuration.webhooks) {
    wanted.webhooks.push_back({webhook.name, {bundle}});
  }
  auto applying =
      environment_.client.apply(wanted, kube::ApplyGuard::unchanged(configuration.metadata));
  base::Result<api::MutatingWebhookConfiguration> applied = co_await std::move(applying);
  if (!applied) co_return applied.error();
  environment_.logger.info("updated caBundle of MutatingWebhookConfiguration",
                           {{"configuration", options_.configuration}});
  configurations_.store().record_written(*std::move(applied));
  co_return base::Result<void>();
}

bool WebhookCertificates::is_trusted() const {
  const Configuration configured = configuration();
  const auto held = secret();
  return !configured ||
         (held && trusts(*configured, std::string(api::lookup(held->data, kAuthorities))));
}

std::string WebhookCertificates::waiting_for() const {
  if (!secrets_.waiting_for().empty()) return secrets_.waiting_for();
  if (!configurations_.waiting_for().empty()) return configurations_.waiting_for();
  if (served_.empty() && !unusable_.empty())
    return "webhook: Secret " + api::to_string(options_.secret) + ": " + unusable_;
  if (!leading_ || (!served_.empty() && is_trusted())) return "";
  if (!secret() && !configuration()) return "";
  return "webhook: " + (last_error_.empty() ? "the certificate is being created" : last_error_);
}

}  // namespace controller
