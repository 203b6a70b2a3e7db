#include "operator/push/push_checks.h"

#include <fmt/core.h>

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "api/secret.h"
#include "async/cancellation.h"
#include "base/limits.h"
#include "base/text/base64.h"
#include "base/text/quote.h"

namespace controller {
namespace {

namespace asio = boost::asio;
using Credentials = std::optional<registry::Credentials>;

constexpr std::string_view kSecretType = "kubernetes.io/dockerconfigjson";
constexpr std::string_view kSecretKey = ".dockerconfigjson";

base::Result<registry::DockerConfig> config_of(const api::Secret& secret) {
  if (secret.type != kSecretType) {
    return base::invalid(fmt::format("the Secret is of type {} instead of {}",
                                     base::shown(secret.type), kSecretType));
  }
  const auto found = secret.data.find(std::string(kSecretKey));
  if (found == secret.data.end())
    return base::invalid(fmt::format("the Secret has no key {}", kSecretKey));
  const auto text = base::decode_base64(found->second);
  if (!text)
    return base::invalid(fmt::format("the key {} of the Secret is not base64", kSecretKey));
  auto config = registry::DockerConfig::parse(*text);
  if (!config) return base::invalid("the Secret has invalid content: " + config.error().message);
  return config;
}

// Returns the message for a Secret that cannot be used. It is the same for every cause: users who
// may create LocalRegistries but not read Secrets must not learn which Secrets exist and of what
// type they are.
std::string unusable_secret(const std::string& name, const std::string& namespace_name) {
  return fmt::format(
      "Secret {0} cannot be used: it must exist in namespace {1}, be of type {2} with valid "
      "content, and the operator must be allowed to read Secrets in namespace {1}",
      name, namespace_name, kSecretType);
}

bool needs_push_checks(const api::LocalRegistry& registry) {
  return !registry.spec.enabled && !registry.metadata.deletion_timestamp;
}

// Returns the host of the image's registry; empty when the image is no valid reference.
std::string host_of(const std::string& image) {
  const auto reference = api::parse_image_reference(image);
  return reference ? reference->domain : std::string();
}

}  // namespace

// Clears all state when run() ends, for whatever reason. No check runs after that.
struct PushChecks::AtEnd {
  PushChecks& checks;
  ~AtEnd() {
    checks.group_.reset();
    checks.table_.clear();
    checks.answers_ = {};
    checks.queue_.clear();
  }
};

// A running check's slot in the queue. The destructor frees the slot when the check ends, also by
// cancellation, and begins the next check.
struct PushChecks::RunningSlot {
  PushChecks& checks;
  PushCheckRequest request;

  ~RunningSlot() {
    checks.queue_.done(request);
    checks.start_next_checks();
  }
};

PushChecks::PushChecks(const kube::Environment& environment, registry::PushChecker& checker,
                       Changed changed)
    : environment_(environment), checker_(checker), changed_(std::move(changed)) {}

asio::awaitable<void> PushChecks::run() {
  co_await asio::this_coro::throw_if_cancelled(false);  // see TaskGroup
  const AtEnd at_end{*this};
  group_ = std::make_unique<async::TaskGroup>(environment_.executor);
  group_->spawn(async::wait_for_cancellation());
  auto children = group_->join();
  co_await std::move(children);
}

// Returns the entry of the check; null when the entry was dropped, because the current spec does
// not need the check any more.
PushChecks::Entry* PushChecks::find(const PushCheckRequest& request) {
  const auto checks = table_.find(request.resource);
  if (checks == table_.end()) return nullptr;
  const auto entry = checks->second.entries.find(request.image);
  return entry == checks->second.entries.end() ? nullptr : &entry->second;
}

void PushChecks::drop(Entry& entry) {
  if (!entry.check.running) return;
  if (entry.check_number == 0) {
    queue_.remove(entry.request);
  } else if (group_) {
    group_->cancel(entry.task);
  }
}

void PushChecks::update(const api::LocalRegistry& registry) {
  const auto known = table_.find(api::key_of(registry.metadata));
  if (known == table_.end()) return;
  Checks& checks = known->second;
  const bool same_resource = checks.uid == registry.metadata.uid;
  if (same_resource && checks.generation == registry.metadata.generation) return;
  const bool same_secrets = checks.entries.empty() || checks.secrets == registry.spec.push_secrets;
  checks.uid = registry.metadata.uid;
  checks.generation = registry.metadata.generation;
  checks.full_until.reset();
  if (!same_resource || !same_secrets || !needs_push_checks(registry)) {
    drop_all(known->first, checks);
    return;
  }
  std::size_t dropped = 0;
  for (auto entry = checks.entries.begin(); entry != checks.entries.end();) {
    const api::ImageSpec* image = api::find_image(registry, entry->first);
    const bool still_asked =
        image != nullptr && image->image == entry->second.image && entry->second.check.running;
    if (still_asked) {
      ++entry;
      continue;
    }
    drop(entry->second);
    entry = checks.entries.erase(entry);
    ++dropped;
  }
  if (dropped > 0 && checks.entries.empty()) dropped += std::exchange(checks.secrets, {}).size();
  release(known->first.namespace_name, dropped);
}

// Drops all checks and answers of a LocalRegistry.
void PushChecks::drop_all(const api::ObjectKey& key, Checks& checks) {
  if (checks.entries.empty()) return;
  for (auto& [name, entry] : checks.entries) drop(entry);
  release(key.namespace_name, checks.entries.size() + checks.secrets.size());
  checks.entries.clear();
  checks.secrets.clear();
}

// Reserves capacity for `answers` more answers; returns false when the total limit or the limit of
// the namespace would be exceeded.
bool PushChecks::reserve(const std::string& namespace_name, std::size_t answers) {
  const bool plenty = answers_.total() < limits::kPushAnswers / 2;
  const std::size_t max =
      plenty ? limits::kPushAnswersPerNamespace : limits::kMinPushAnswersPerNamespace;
  const bool fits = answers_.total() + answers <= limits::kPushAnswers &&
                    answers_.of(namespace_name) + answers <= max;
  if (fits) answers_.add(namespace_name, answers);
  return fits;
}

void PushChecks::release(const std::string& namespace_name, std::size_t answers) {
  answers_.remove(namespace_name, answers);
}

// Queues the check of one image; returns false when a limit is reached.
bool PushChecks::enqueue_check(const api::ObjectKey& key, Checks& checks,
                               const api::ImageSpec& image) {
  const auto known = checks.entries.find(image.name);
  if (known != checks.entries.end() && known->second.check.running) return true;
  PushCheckRequest request{key, image.name, host_of(image.image)};
  const bool is_new = known == checks.entries.end();
  const std::size_t secrets = checks.entries.empty() ? checks.secrets.size() : 0;
  if (is_new && !reserve(key.namespace_name, 1 + secrets)) return false;
  if (!queue_.add(request)) {
    if (is_new) release(key.namespace_name, 1 + secrets);
    return false;
  }
  Entry& entry = checks.entries[image.name];
  entry.check.name = image.name;
  entry.check.running = true;
  entry.image = image.image;
  entry.request = std::move(request);
  entry.check_number = 0;
  return true;
}

void PushChecks::start(const api::LocalRegistry& registry, const std::vector<std::string>& images) {
  if (!group_ || group_->cancelled()) return;
  const api::ObjectMeta& meta = registry.metadata;
  const api::ObjectKey key = api::key_of(meta);
  update(registry);
  Checks& checks =
      table_.try_emplace(key, Checks{meta.uid, meta.generation, {}, {}, {}}).first->second;
  checks.full_until.reset();
  if (checks.entries.empty()) checks.secrets = registry.spec.push_secrets;
  for (const std::string& name : images) {
    const api::ImageSpec* image = api::find_image(registry, name);
    if (image == nullptr || enqueue_check(key, checks, *image)) continue;
    checks.full_until = environment_.clock.wall() + limits::kPushRetry.first;
    const auto known = checks.entries.find(name);
    if (known != checks.entries.end()) known->second.check.next = *checks.full_until;
  }
  if (checks.entries.empty()) checks.secrets.clear();
  start_next_checks();
}

std::vector<reconcile::PushCheck> PushChecks::of(const api::LocalRegistry& registry) const {
  std::vector<reconcile::PushCheck> list;
  const auto found = table_.find(api::key_of(registry.metadata));
  if (found == table_.end() || found->second.uid != registry.metadata.uid ||
      found->second.generation != registry.metadata.generation) {
    return list;
  }
  const Checks& checks = found->second;
  for (const auto& [name, entry] : checks.entries) list.push_back(entry.check);
  if (!checks.full_until) return list;
  for (const api::ImageSpec& image : registry.spec.images) {
    if (checks.entries.contains(image.name)) continue;
    reconcile::PushCheck& check = list.emplace_back();
    check.name = image.name;
    check.message = fmt::format(
        "the push check of this image is delayed, because too many push checks of "
        "namespace {} are waiting",
        registry.metadata.namespace_name);
    check.next = *checks.full_until;
  }
  return list;
}

void PushChecks::forget(const api::ObjectKey& key) {
  const auto known = table_.find(key);
  if (known == table_.end()) return;
  drop_all(key, known->second);
  table_.erase(known);
}

// Begins as many checks as may run. A check that ends inside start_check() calls this function
// again. Then the inner call does nothing, and the loop that already runs begins the next check.
void PushChecks::start_next_checks() {
  if (starting_) return;
  starting_ = true;
  while (group_ && !group_->cancelled()) {
    const std::optional<PushCheckRequest> request = queue_.next();
    if (!request) break;
    start_check(*request);
  }
  starting_ = false;
}

void PushChecks::start_check(const PushCheckRequest& request) {
  const std::uint64_t number = ++checks_started_;
  find(request)->check_number = number;
  const async::TaskGroup::TaskId task = group_->spawn(run_check(request, number));
  Entry* entry = find(request);
  if (entry != nullptr && entry->check_number == number) entry->task = task;
}

asio::awaitable<void> PushChecks::run_check(PushCheckRequest request, std::uint64_t number) {
  const RunningSlot slot{*this, request};
  const std::string image = find(request)->image;
  auto checking =
      answer(image, request.resource.namespace_name, table_.at(request.resource).secrets);
  registry::PushAnswer given = co_await std::move(checking);
  record(request, number, std::move(given));
}

asio::awaitable<registry::PushAnswer> PushChecks::answer(
    std::string image, std::string namespace_name, std::vector<api::LocalObjectReference> secrets) {
  const auto reference = api::parse_image_reference(image);
  if (!reference) {
    co_return registry::PushAnswer{registry::Answer::kUnknown, reference.error().message};
  }
  auto finding = find_credentials(std::move(namespace_name), std::move(secrets), *reference);
  const base::Result<Credentials> credentials = co_await std::move(finding);
  if (!credentials) {
    co_return registry::PushAnswer{registry::Answer::kUnknown, credentials.error().message};
  }
  auto checking = checker_.check(*reference, *credentials);
  co_return co_await std::move(checking);
}

// Returns the credentials of the first Secret that has credentials for that registry. A Secret that
// cannot be used is an error even when another Secret has credentials, because the spec names it.
// Only the log contains the cause.
asio::awaitable<base::Result<Credentials>> PushChecks::find_credentials(
    std::string namespace_name, std::vector<api::LocalObjectReference> secrets,
    api::ImageReference reference) {
  Credentials credentials;
  for (const api::LocalObjectReference& named : secrets) {
    auto reading = environment_.client.get<api::Secret>({namespace_name, named.name});
    const base::Result<api::Secret> secret = co_await std::move(reading);
    const auto config = secret ? config_of(*secret) : secret.error();
    if (!config) {
      environment_.logger.info("cannot use a Secret of spec.pushSecrets",
                               {{"secret", namespace_name + "/" + named.name},
                                {"why", base::to_string(config.error())}});
      co_return base::invalid(unusable_secret(named.name, namespace_name));
    }
    if (!credentials) credentials = config->credentials(reference.domain, reference.path);
  }
  co_return credentials;
}

void PushChecks::record(const PushCheckRequest& request, std::uint64_t number,
                        registry::PushAnswer answer) {
  Entry* entry = find(request);
  if (entry == nullptr || entry->check_number != number) return;  // the spec no longer needs it
  entry->check.running = false;
  entry->check.permission = registry::permission_of(answer.answer);
  entry->check.message = std::move(answer.message);
  std::chrono::milliseconds delay = limits::kPushRecheck;
  if (answer.answer == registry::Answer::kUnknown) {
    delay = entry->backoff.next(environment_.random, environment_.clock.now());
  } else {
    entry->backoff.reset();
  }
  entry->check.next = environment_.clock.wall() + delay;
  environment_.logger.info("checked whether an image can be pushed",
                           {{"resource", api::to_string(request.resource)},
                            {"image", entry->image},
                            {"permission", std::string(api::name(entry->check.permission))},
                            {"why", entry->check.message}});
  changed_(request.resource);
}

}  // namespace controller
