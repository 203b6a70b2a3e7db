#include "reconcile/acceptance.h"

#include <fmt/core.h>

#include "api/quantity.h"
#include "base/limits.h"
#include "reconcile/decision.h"
#include "reconcile/names.h"
#include "reconcile/reasons.h"

namespace reconcile {
namespace {

constexpr int kMostPort = 65535;
constexpr std::size_t kMostName = 63;

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Whether name is one of the list "a,b, c".
bool lists(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (trim(list.substr(0, comma)) == name) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

// What the CRD's schema refuses already; a resource may be older than the schema.
std::optional<Refusal> check_spec(const Observed& observed) {
  const api::LocalRegistrySpec& spec = observed.registry->spec;
  std::string problem;
  if (spec.port < 1 || spec.port > kMostPort) problem = "spec.port must be from 1 to 65535";
  if (spec.node_port < 0 || spec.node_port > kMostPort) {
    problem = "spec.nodePort must be 0 or from 1 to 65535";
  }
  if (spec.name.empty() || spec.name.size() > kMostName) {
    problem = "spec.name must be a DNS label of at most 63 characters";
  }
  if (spec.image.empty()) problem = "spec.image must not be empty";
  const auto order = api::compare(spec.persistence.size, {"0"});
  if (!order || *order != std::strong_ordering::greater) {
    problem = "spec.persistence.size must be a quantity above zero, such as 5Gi";
  }
  if (problem.empty()) return std::nullopt;
  return Refusal{reason::kInvalidSpec, problem};
}

std::optional<Refusal> check_watched(const Observed& observed) {
  if (observed.target_watched) return std::nullopt;
  return Refusal{reason::kNamespaceNotWatched,
                 fmt::format("the operator does not watch namespace {}: add it to its "
                             "--watch-namespaces, or change spec.namespace",
                             api::target_namespace(*observed.registry))};
}

std::optional<Refusal> check_namespace(const Observed& observed) {
  const std::string& target = api::target_namespace(*observed.registry);
  if (!observed.target_namespace) {
    return Refusal{
        reason::kNamespaceNotFound,
        fmt::format("namespace {} does not exist: create it, or change spec.namespace", target)};
  }
  if (is_terminating(observed.target_namespace->metadata)) {
    return Refusal{reason::kNamespaceTerminating,
                   fmt::format("namespace {} is being deleted", target)};
  }
  return std::nullopt;
}

std::optional<Refusal> check_opt_in(const Observed& observed) {
  if (is_allowed(*observed.registry, *observed.target_namespace)) return std::nullopt;
  return Refusal{
      reason::kNamespaceNotAllowed,
      fmt::format(
          "namespace {0} does not allow registries from {1}: it needs the annotation {2}: {1}",
          api::target_namespace(*observed.registry), observed.registry->metadata.namespace_name,
          kAllowFromAnnotation)};
}

std::optional<Refusal> check_rival(const Observed& observed) {
  if (!observed.rival) return std::nullopt;
  return Refusal{reason::kNameConflict,
                 fmt::format("LocalRegistry {} has the name {} in namespace {} already: change "
                             "spec.name, or add the images to spec.images of that LocalRegistry: "
                             "one registry can serve several projects",
                             api::to_string(*observed.rival), observed.registry->spec.name,
                             api::target_namespace(*observed.registry))};
}

std::optional<Refusal> foreign(const Observed& observed, Target target) {
  return Refusal{reason::kNameConflict,
                 fmt::format("{} {} in namespace {} is not this resource's: it is left alone; "
                             "choose another spec.name, or remove it",
                             kind(target), observed.registry->spec.name,
                             api::target_namespace(*observed.registry))};
}

// What is known in part could not be compared with what is wanted.
std::optional<Refusal> check_whole(const Observed& observed) {
  const auto check = [](Target target, const api::ObjectMeta& meta) -> std::optional<Refusal> {
    if (meta.kept == json::Kept::kWhole) return std::nullopt;
    if (meta.kept == json::Kept::kNoRoom) {
      return Refusal{reason::kNoRoom,
                     fmt::format("the operator has no room for {0} {1}: namespace {2} has too many "
                                 "objects with the label {3}={4}; delete some of them",
                                 kind(target), api::to_string(api::key_of(meta)),
                                 meta.namespace_name, kManagedByLabel, kManager)};
    }
    return Refusal{
        reason::kTooLarge,
        fmt::format("{} {} is larger than the {} bytes that the operator reads: remove "
                    "what others added to it, or delete it",
                    kind(target), api::to_string(api::key_of(meta)), limits::kObjectBytes)};
  };
  std::optional<Refusal> refusal;
  const auto check_object = [&](Target target, const auto& object) {
    if (object && !refusal) refusal = check(target, object->metadata);
  };
  check_object(Target::kDeployment, observed.deployment);
  check_object(Target::kStatefulSet, observed.stateful_set);
  check_object(Target::kService, observed.service);
  check_object(Target::kClaim, observed.claim);
  return refusal;
}

// Only the kinds that are going to be written.
std::optional<Refusal> check_foreign_objects(const Observed& observed) {
  const api::LocalRegistry& registry = *observed.registry;
  const auto is_foreign = [&](const auto& object) {
    return object && !belongs_to(object->metadata, registry);
  };
  if (is_foreign(observed.service)) return foreign(observed, Target::kService);
  if (!registry.spec.persistence.enabled) {
    if (is_foreign(observed.deployment)) return foreign(observed, Target::kDeployment);
    return std::nullopt;
  }
  if (is_foreign(observed.stateful_set)) return foreign(observed, Target::kStatefulSet);
  if (observed.claim && !claim_is_usable(observed)) return foreign(observed, Target::kClaim);
  return std::nullopt;
}

}  // namespace

bool is_allowed(const api::LocalRegistry& registry, const api::Namespace& target) {
  const std::string& own = registry.metadata.namespace_name;
  return target.metadata.name == own ||
         lists(api::lookup(target.metadata.annotations, kAllowFromAnnotation), own);
}

bool claim_is_usable(const Observed& observed) {
  if (!observed.claim) return false;
  const api::ObjectMeta& claim = observed.claim->metadata;
  if (belongs_to(claim, *observed.registry)) return true;
  return is_managed(claim) && !owner_uid(claim).empty() && !observed.claim_owner_lives;
}

std::optional<Refusal> find_refusal(const Observed& observed) {
  if (auto refusal = check_spec(observed)) return refusal;
  if (!is_deployed(observed)) return std::nullopt;
  if (auto refusal = check_watched(observed)) return refusal;
  if (auto refusal = check_namespace(observed)) return refusal;
  if (auto refusal = check_opt_in(observed)) return refusal;
  if (auto refusal = check_rival(observed)) return refusal;
  if (auto refusal = check_foreign_objects(observed)) return refusal;
  return check_whole(observed);
}

std::optional<Refusal> find_missing_part(const api::LocalRegistry& registry) {
  if (registry.metadata.kept == json::Kept::kWhole) return std::nullopt;
  const std::string& own = registry.metadata.namespace_name;
  if (registry.metadata.kept == json::Kept::kNoRoom) {
    return Refusal{reason::kNoRoom,
                   fmt::format("the operator has no room for this resource: namespace {} has too "
                               "many or too large LocalRegistries; delete some of them",
                               own)};
  }
  return Refusal{reason::kTooLarge,
                 fmt::format("the resource is larger than the {} bytes, or its metadata than the "
                             "{} bytes, that the operator reads: remove images, or labels, "
                             "annotations and finalizers",
                             limits::kRegistryObjectBytes, limits::kMetadataBytes)};
}

}  // namespace reconcile
