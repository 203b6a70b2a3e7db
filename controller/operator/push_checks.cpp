#include "operator/push_checks.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/secret.h"
#include "base/base64.h"
#include "base/limits.h"
#include "base/quote.h"

namespace controller {
namespace {

namespace asio = boost::asio;
using Credentials = std::optional<registry::Credentials>;

constexpr std::string_view kSecretType = "kubernetes.io/dockerconfigjson";
constexpr std::string_view kSecretKey = ".dockerconfigjson";

base::Error unusable(const std::string& name, const std::string& why) {
  return {base::ErrorCode::kInvalid, fmt::format("Secret {} {}", name, why)};
}

// The message is for the status: it names the Secret, and nothing of what is in it.
base::Error unreadable(const std::string& name, const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::kNotFound: return unusable(name, "does not exist");
    case base::ErrorCode::kForbidden:
      return unusable(name,
                      "may not be read by the operator: bind its role for push Secrets in "
                      "this namespace");
    default: return unusable(name, fmt::format("could not be read: {}", base::name(error.code)));
  }
}

base::Result<registry::DockerConfig> config_of(const api::Secret& secret) {
  const std::string& name = secret.metadata.name;
  if (secret.type != kSecretType) {
    return unusable(name,
                    fmt::format("is of type {}, not {}", base::shown(secret.type), kSecretType));
  }
  const auto found = secret.data.find(std::string(kSecretKey));
  if (found == secret.data.end()) return unusable(name, fmt::format("has no {}", kSecretKey));
  const auto text = base::decode_base64(found->second);
  if (!text) return unusable(name, fmt::format("has a {} that is not base64", kSecretKey));
  auto config = registry::DockerConfig::parse(*text);
  if (!config) return unusable(name, "is not usable: " + config.error().message);
  return config;
}

}  // namespace

// Whatever ends run(): what was being asked is not being asked any more.
struct PushChecks::AtEnd {
  PushChecks& checks;
  ~AtEnd() {
    checks.group_.reset();
    checks.table_.clear();
  }
};

PushChecks::PushChecks(const kube::Environment& environment, registry::PushChecker& checker,
                       Changed changed)
    : environment_(environment),
      checker_(checker),
      changed_(std::move(changed)),
      places_(environment.executor, limits::kPushChecks) {}

asio::awaitable<void> PushChecks::run() {
  co_await asio::this_coro::throw_if_cancelled(false);  // see TaskGroup
  const AtEnd at_end{*this};
  group_ = std::make_unique<runtime::TaskGroup>(environment_.executor);
  group_->spawn(wait_forever());
  auto children = group_->join();
  co_await std::move(children);
}

asio::awaitable<void> PushChecks::wait_forever() {
  asio::steady_timer never(environment_.executor, asio::steady_timer::time_point::max());
  co_await never.async_wait(asio::use_awaitable);
}

PushChecks::Checks* PushChecks::find(const api::ObjectKey& key, const std::string& uid,
                                     std::int64_t generation) {
  const auto found = table_.find(key);
  if (found == table_.end()) return nullptr;
  Checks& checks = found->second;
  return checks.uid == uid && checks.generation == generation ? &checks : nullptr;
}

void PushChecks::start(const api::LocalRegistry& registry, const std::vector<std::string>& images) {
  if (!group_ || group_->cancelled()) return;
  const api::ObjectMeta& meta = registry.metadata;
  const api::ObjectKey key = api::key_of(meta);
  if (find(key, meta.uid, meta.generation) == nullptr) {
    table_.insert_or_assign(key, Checks{meta.uid, meta.generation, {}});
  }
  for (const api::ImageSpec& image : registry.spec.images) {
    if (std::find(images.begin(), images.end(), image.name) == images.end()) continue;
    auto& entries = table_.at(key).entries;
    const auto found =
        entries.try_emplace(image.name, Entry{{}, base::Backoff(limits::kPushRetry)}).first;
    reconcile::PushCheck& check = found->second.check;
    if (check.running) continue;
    check.name = image.name;
    check.running = true;
    group_->spawn(ask(Question{key, meta.uid, meta.generation, image, registry.spec.push_secrets}));
  }
}

std::vector<reconcile::PushCheck> PushChecks::of(const api::LocalRegistry& registry) const {
  std::vector<reconcile::PushCheck> checks;
  const auto found = table_.find(api::key_of(registry.metadata));
  if (found == table_.end() || found->second.uid != registry.metadata.uid ||
      found->second.generation != registry.metadata.generation) {
    return checks;
  }
  for (const auto& [name, entry] : found->second.entries) checks.push_back(entry.check);
  return checks;
}

void PushChecks::forget(const api::ObjectKey& key) { table_.erase(key); }

asio::awaitable<void> PushChecks::ask(Question question) {
  auto waiting = places_.acquire(asio::steady_timer::time_point::max());
  const auto place = co_await std::move(waiting);
  auto asking = answer(question);
  registry::PushAnswer given = co_await std::move(asking);
  record(question, std::move(given));
}

asio::awaitable<registry::PushAnswer> PushChecks::answer(const Question& question) {
  const auto reference = api::parse_image_reference(question.image.image);
  if (!reference) {
    co_return registry::PushAnswer{registry::Answer::kUnknown, reference.error().message};
  }
  auto finding = find_credentials(question, *reference);
  const base::Result<Credentials> credentials = co_await std::move(finding);
  if (!credentials) {
    co_return registry::PushAnswer{registry::Answer::kUnknown, credentials.error().message};
  }
  auto checking = checker_.check(*reference, *credentials);
  co_return co_await std::move(checking);
}

// Of the first Secret that has any for that registry. One that cannot be used is an error even when
// another has them: it was named to be used.
asio::awaitable<base::Result<Credentials>> PushChecks::find_credentials(
    const Question& question, api::ImageReference reference) {
  Credentials credentials;
  for (const api::LocalObjectReference& named : question.secrets) {
    auto reading = environment_.client.get<api::Secret>({question.key.namespace_name, named.name});
    const base::Result<api::Secret> secret = co_await std::move(reading);
    if (!secret) co_return unreadable(named.name, secret.error());
    const auto config = config_of(*secret);
    if (!config) co_return config.error();
    if (!credentials) credentials = config->credentials(reference.domain, reference.path);
  }
  co_return credentials;
}

void PushChecks::record(const Question& question, registry::PushAnswer answer) {
  Checks* checks = find(question.key, question.uid, question.generation);
  if (checks == nullptr) return;  // the spec is another by now
  Entry& entry = checks->entries.at(question.image.name);
  entry.check.running = false;
  entry.check.permission = registry::permission_of(answer.answer);
  entry.check.message = std::move(answer.message);
  std::chrono::milliseconds delay = limits::kPushRecheck;
  if (answer.answer == registry::Answer::kUnknown) {
    delay = entry.backoff.next(environment_.random, environment_.clock.now());
  } else {
    entry.backoff.reset();
  }
  entry.check.next = environment_.clock.wall() + delay;
  environment_.logger.info("checked push permission",
                           {{"resource", api::to_string(question.key)},
                            {"image", question.image.image},
                            {"permission", std::string(api::name(entry.check.permission))},
                            {"why", entry.check.message}});
  changed_(question.key);
}

}  // namespace controller
