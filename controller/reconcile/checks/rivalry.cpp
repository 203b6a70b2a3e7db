#include "reconcile/checks/rivalry.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "base/limits.h"
#include "reconcile/checks/acceptance.h"
#include "reconcile/checks/decision.h"
#include "reconcile/children/names.h"

namespace reconcile {
namespace {

bool competes(const api::LocalRegistry& other, const NameContest& contest) {
  return may_want_registry(other, contest.kind_cluster) && contest.target_namespace != nullptr &&
         is_allowed(other, *contest.target_namespace) &&
         !find_foreign_refusal(other, *contest.target_namespace, contest.allowed_images);
}

constexpr int kFlagBits = 2;
constexpr std::uint64_t kMayWant = 1;
constexpr std::uint64_t kMayWantInKind = 2;

std::uint64_t creation_second(const api::LocalRegistry& registry) {
  const base::Time created = registry.metadata.creation_timestamp.value_or(base::Time());
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(created.time_since_epoch()).count());
}

// Returns whether the candidate may get the name, according to its summary and namespace. This
// check runs before the candidate's LocalRegistry is loaded.
bool may_count(const NameCandidate& candidate, const NameContest& contest) {
  const std::uint64_t wants = contest.kind_cluster ? kMayWantInKind : kMayWant;
  return (candidate.summary & wants) != 0 && contest.target_namespace != nullptr &&
         allows(*contest.target_namespace, candidate.namespace_name);
}

// Returns the number in the text, or 0 if the text is not a number.
std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint64_t order_within_second(const api::LocalRegistry& registry) {
  return number(first_resource_version(registry));
}

bool is_older(const api::LocalRegistry& a, const api::LocalRegistry& b) {
  const auto age = [](const api::LocalRegistry& registry) {
    return std::tuple(registry.metadata.creation_timestamp.value_or(base::Time()),
                      order_within_second(registry), std::string_view(registry.metadata.uid));
  };
  return age(a) < age(b);
}

}  // namespace

std::uint64_t name_candidate_summary(const api::LocalRegistry& registry) {
  const std::uint64_t flags = (may_want_registry(registry, false) ? kMayWant : 0) |
                              (may_want_registry(registry, true) ? kMayWantInKind : 0);
  return creation_second(registry) << kFlagBits | flags;
}

bool may_want_registry(std::uint64_t summary) {
  return (summary & (kMayWant | kMayWantInKind)) != 0;
}

bool has_same_second_candidate(const api::LocalRegistry& self,
                               const std::vector<NameCandidate>& candidates) {
  return std::any_of(candidates.begin(), candidates.end(), [&](const NameCandidate& candidate) {
    return !candidate.is_self && candidate.summary >> kFlagBits == creation_second(self);
  });
}

std::string first_resource_version(const api::LocalRegistry& registry) {
  const api::LocalRegistryStatus& status = registry.status;
  if (!status.first_resource_version.empty()) return status.first_resource_version;
  const bool was_written = !status.conditions.empty() || !status.other_namespaces.empty();
  return was_written ? std::string() : registry.metadata.resource_version;
}

std::optional<api::ObjectKey> find_rival(const api::LocalRegistry& self,
                                         std::vector<NameCandidate> candidates,
                                         const LoadNameCandidate& load,
                                         const NameContest& contest) {
  if (self.metadata.uid == contest.incumbent_uid) return std::nullopt;
  std::sort(candidates.begin(), candidates.end(),
            [](const NameCandidate& one, const NameCandidate& other) {
              return std::tuple(!one.is_incumbent, one.summary) <
                     std::tuple(!other.is_incumbent, other.summary);
            });
  std::shared_ptr<const api::LocalRegistry> winner;
  std::size_t loaded = 0;
  for (const NameCandidate& candidate : candidates) {
    const api::LocalRegistry& best = winner ? *winner : self;
    if (candidate.is_self || !may_count(candidate, contest)) continue;
    if (!candidate.is_incumbent && candidate.summary >> kFlagBits > creation_second(best)) break;
    if (++loaded > limits::kRivals) break;
    const auto other = load(candidate);
    if (!other || !competes(*other, contest)) continue;
    if (candidate.is_incumbent) {
      if (wants_registry(*other, contest.kind_cluster)) return api::key_of(other->metadata);
    } else if (is_older(*other, best)) {
      winner = other;
    }
  }
  if (!winner) return std::nullopt;
  return api::key_of(winner->metadata);
}

}  // namespace reconcile
