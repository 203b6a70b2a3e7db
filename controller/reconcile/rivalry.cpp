#include "reconcile/rivalry.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "reconcile/acceptance.h"
#include "reconcile/decision.h"
#include "reconcile/names.h"

namespace reconcile {
namespace {

bool competes(const api::LocalRegistry& other, const Contest& contest) {
  return may_want_registry(other, contest.kind_cluster) && contest.target_namespace != nullptr &&
         is_allowed(other, *contest.target_namespace) &&
         !find_foreign_refusal(other, *contest.target_namespace, contest.allowed_images);
}

// 0 for a text that is no number.
std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint64_t place_in_its_second(const api::LocalRegistry& registry) {
  return number(first_resource_version(registry));
}

bool is_older(const api::LocalRegistry& a, const api::LocalRegistry& b) {
  const auto age = [](const api::LocalRegistry& registry) {
    return std::tuple(registry.metadata.creation_timestamp.value_or(base::Time()),
                      place_in_its_second(registry), std::string_view(registry.metadata.uid));
  };
  return age(a) < age(b);
}

}  // namespace

bool has_twin(const api::LocalRegistry& self,
              const std::vector<std::shared_ptr<const api::LocalRegistry>>& others) {
  return std::any_of(others.begin(), others.end(), [&](const auto& other) {
    return other->metadata.uid != self.metadata.uid &&
           other->metadata.creation_timestamp == self.metadata.creation_timestamp;
  });
}

std::string first_resource_version(const api::LocalRegistry& registry) {
  const api::LocalRegistryStatus& status = registry.status;
  if (!status.first_resource_version.empty()) return status.first_resource_version;
  const bool was_written = !status.conditions.empty() || !status.other_namespaces.empty() ||
                           has_finalizer(registry.metadata);
  return was_written ? std::string() : registry.metadata.resource_version;
}

std::optional<api::ObjectKey> find_rival(
    const api::LocalRegistry& self,
    const std::vector<std::shared_ptr<const api::LocalRegistry>>& others, const Contest& contest) {
  if (self.metadata.uid == contest.incumbent_uid) return std::nullopt;
  const api::LocalRegistry* winner = &self;
  for (const auto& other : others) {
    if (other->metadata.uid == self.metadata.uid || !competes(*other, contest)) continue;
    if (other->metadata.uid == contest.incumbent_uid) {
      if (wants_registry(*other, contest.kind_cluster)) return api::key_of(other->metadata);
      continue;
    }
    if (is_older(*other, *winner)) winner = other.get();
  }
  if (winner == &self) return std::nullopt;
  return api::key_of(winner->metadata);
}

}  // namespace reconcile
