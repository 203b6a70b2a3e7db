#include "reconcile/rivalry.h"

#include <tuple>

#include "reconcile/acceptance.h"
#include "reconcile/decision.h"
#include "reconcile/names.h"

namespace reconcile {
namespace {

bool competes(const api::LocalRegistry& other, const Contest& contest) {
  return wants_registry(other, contest.kind_cluster) && contest.target_namespace != nullptr &&
         is_allowed(other, *contest.target_namespace);
}

bool is_older(const api::LocalRegistry& a, const api::LocalRegistry& b) {
  const auto age = [](const api::LocalRegistry& registry) {
    return std::tuple(registry.metadata.creation_timestamp.value_or(base::Time()),
                      std::string_view(registry.metadata.uid));
  };
  return age(a) < age(b);
}

}  // namespace

std::optional<api::ObjectKey> find_rival(
    const api::LocalRegistry& self,
    const std::vector<std::shared_ptr<const api::LocalRegistry>>& others, const Contest& contest) {
  if (self.metadata.uid == contest.incumbent_uid) return std::nullopt;
  const api::LocalRegistry* winner = &self;
  for (const auto& other : others) {
    if (other->metadata.uid == self.metadata.uid || !competes(*other, contest)) continue;
    if (other->metadata.uid == contest.incumbent_uid) return api::key_of(other->metadata);
    if (is_older(*other, *winner)) winner = other.get();
  }
  if (winner == &self) return std::nullopt;
  return api::key_of(winner->metadata);
}

}  // namespace reconcile
