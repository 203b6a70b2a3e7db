#include "reconcile/checks/acceptance.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/images/image_reference.h"
#include "api/quantity.h"
#include "base/limits.h"
#include "base/text/dns_name.h"
#include "base/text/quote.h"
#include "base/text/text.h"
#include "reconcile/checks/decision.h"
#include "reconcile/children/names.h"
#include "reconcile/status/reasons.h"

namespace reconcile {
namespace {

// Returns whether `name` is an item of the comma-separated `list`.
bool lists(std::string_view list, std::string_view name) {
  const auto differs = [&](std::string_view item) { return base::trimmed(item, " ") != name; };
  return !name.empty() && !base::all_parts(list, ',', differs);
}

// Returns the prefix in the form of canonical image names.
std::string canonical_prefix(std::string_view prefix) {
  if (api::has_host(prefix)) return std::string(prefix);
  const bool is_official = prefix.find('/') == std::string_view::npos;
  return fmt::format("{}/{}{}", api::kDockerHub, is_official ? "library/" : "", prefix);
}

bool covers(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix)) return false;
  constexpr std::string_view kEnds = "/:@";
  return name.size() == prefix.size() || kEnds.find(prefix.back()) != std::string_view::npos ||
         kEnds.find(name[prefix.size()]) != std::string_view::npos;
}

Refusal image_refusal(std::string_view field, std::string_view image,
                      const api::Namespace& target) {
  return {reason::kImageNotAllowed,
          fmt::format("{} {} is not allowed for a registry in another namespace ({}): use an image "
                      "that the operator's flag --allowed-images permits, or remove spec.namespace",
                      field, image, target.metadata.name)};
}

Refusal pull_secret_refusal(std::string_view secret, const api::Namespace& target) {
  return {reason::kPullSecretNotAllowed,
          fmt::format("spec.imagePullSecrets: namespace {0} does not allow Secret {1}: add {1} to "
                      "the namespace's annotation {2}, or remove the Secret from the spec",
                      target.metadata.name, secret, kAllowPullSecretsAnnotation)};
}

// Repeats checks of the CRD's schema, because a LocalRegistry may be older than the schema.
std::optional<Refusal> check_spec(const Observed& observed) {
  const api::LocalRegistrySpec& spec = observed.registry->spec;
  std::string problem;
  if (spec.port < 1 || spec.port > api::kMaxPort) {
    problem = fmt::format("spec.port is {}, and must be from 1 to {}", spec.port, api::kMaxPort);
  }
  if (spec.node_port < 0 || spec.node_port > api::kMaxPort) {
    problem = fmt::format(
        "spec.nodePort is {}, and must be a port from 1 to {}, or 0 for a port that "
        "the cluster assigns",
        spec.node_port, api::kMaxPort);
  }
  if (spec.name.empty() || spec.name.size() > base::kDnsLabelBytes) {
    problem = fmt::format("spec.name is {}, and must be a DNS label of at most {} characters",
                          base::quoted(spec.name), base::kDnsLabelBytes);
  }
  if (spec.image.empty()) problem = "spec.image is empty, and must name an image";
  const auto order = api::compare(spec.persistence.size, {"0"});
  if (!order || *order != std::strong_ordering::greater) {
    problem =
        fmt::format("spec.persistence.size is {}, and must be a quantity above zero, such as 5Gi",
                    base::quoted(spec.persistence.size.text));
  }
  if (problem.empty()) return std::nullopt;
  return Refusal{reason::kInvalidSpec, problem};
}

std::optional<Refusal> check_watched(const Observed& observed) {
  if (observed.target_watched) return std::nullopt;
  return Refusal{reason::kNamespaceNotWatched,
                 fmt::format("the operator does not watch namespace {}: add it to the operator's "
                             "flag --watch-namespaces, or change spec.namespace",
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
    return Refusal{
        reason::kNamespaceTerminating,
        fmt::format("namespace {} is being deleted: wait and recreate it, or change spec.namespace",
                    target)};
  }
  return std::nullopt;
}

std::optional<Refusal> check_opt_in(const Observed& observed) {
  if (is_allowed(*observed.registry, *observed.target_namespace)) return std::nullopt;
  return Refusal{reason::kNamespaceNotAllowed,
                 fmt::format("namespace {0} does not allow registries from namespace {1}: add {1} "
                             "to the annotation {2} of namespace {0}, or change spec.namespace",
                             api::target_namespace(*observed.registry),
                             observed.registry->metadata.namespace_name, kAllowFromAnnotation)};
}

std::optional<Refusal> check_foreign_pod(const Observed& observed) {
  return find_foreign_refusal(*observed.registry, *observed.target_namespace,
                              observed.allowed_images);
}

std::optional<Refusal> check_rival(const Observed& observed) {
  if (!observed.rival) return std::nullopt;
  return Refusal{reason::kNameConflict,
                 fmt::format("LocalRegistry {} already uses the name {} in namespace {}: change "
                             "spec.name, or add the images to spec.images of that LocalRegistry, "
                             "because one registry can serve several projects",
                             api::to_string(*observed.rival), observed.registry->spec.name,
                             api::target_namespace(*observed.registry))};
}

std::optional<Refusal> foreign(const Observed& observed, ObjectRole role) {
  return Refusal{
      reason::kNameConflict,
      fmt::format("{0} {1} exists and is not managed by this LocalRegistry: change "
                  "spec.name, or delete the {0}",
                  kind_name(role), api::to_string(key_of_role(*observed.registry, role)))};
}

std::optional<Refusal> foreign_pvc(const Observed& observed) {
  const api::ObjectKey owner = owner_key(observed.pvc()->metadata);
  if (!is_managed(observed.pvc()->metadata) || owner.name.empty()) {
    return foreign(observed, ObjectRole::kPvc);
  }
  return Refusal{
      reason::kNameConflict,
      fmt::format(
          "PersistentVolumeClaim {}/{} holds the images of LocalRegistry {}: change spec.name",
          api::target_namespace(*observed.registry), observed.registry->spec.name,
          api::to_string(owner))};
}

// Refuses when the cache holds only a part of an object at the target name, because a part cannot
// be compared with the intent.
std::optional<Refusal> check_whole(const Observed& observed) {
  const auto check = [](ObjectRole role, const api::ObjectMeta& meta) -> std::optional<Refusal> {
    if (meta.completeness == json::Completeness::kComplete) return std::nullopt;
    if (meta.completeness == json::Completeness::kMetadataOnly) {
      return Refusal{reason::kNoRoom,
                     fmt::format("the operator's cache has no room for {0} {1}: namespace {2} has "
                                 "too many objects with the label {3}={4}; delete some of them",
                                 kind_name(role), api::to_string(api::key_of(meta)),
                                 meta.namespace_name, kManagedByLabel, kManager)};
    }
    return Refusal{
        reason::kTooLarge,
        fmt::format("{} {} is larger than the {} bytes that the operator reads: remove the fields "
                    "that other clients added to it, or delete it",
                    kind_name(role), api::to_string(api::key_of(meta)), limits::kObjectBytes)};
  };
  std::optional<Refusal> refusal;
  observed.slots.each([&](auto row, const auto& object) {
    if (object && !refusal) refusal = check(row.kRole, object->metadata);
  });
  return refusal;
}

// Refuses when an object of another owner has the target name. Only the kinds that will be written
// are checked.
std::optional<Refusal> check_foreign_objects(const Observed& observed) {
  const api::LocalRegistry& registry = *observed.registry;
  const auto is_foreign = [&](const auto& object) {
    return object && !belongs_to(object->metadata, registry);
  };
  if (is_foreign(observed.service())) return foreign(observed, ObjectRole::kService);
  if (!registry.spec.persistence.enabled) {
    if (is_foreign(observed.deployment())) return foreign(observed, ObjectRole::kDeployment);
    return std::nullopt;
  }
  if (is_foreign(observed.stateful_set())) return foreign(observed, ObjectRole::kStatefulSet);
  if (observed.pvc() && !pvc_is_usable(observed)) return foreign_pvc(observed);
  return std::nullopt;
}

}  // namespace

bool allows(const api::Namespace& target, std::string_view other) {
  return target.metadata.name == other ||
         lists(api::lookup(target.metadata.annotations, kAllowFromAnnotation), other);
}

bool is_allowed(const api::LocalRegistry& registry, const api::Namespace& target) {
  return allows(target, registry.metadata.namespace_name);
}

bool image_is_allowed(std::string_view image, const std::vector<std::string>& prefixes) {
  if (prefixes.empty()) return true;
  const auto reference = api::parse_image_reference(image);
  if (!reference) return false;
  const std::string name = api::to_string(*reference);
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
    return covers(canonical_prefix(prefix), name);
  });
}

std::optional<Refusal> find_foreign_refusal(const api::LocalRegistry& registry,
                                            const api::Namespace& target,
                                            const std::vector<std::string>& allowed_images) {
  if (target.metadata.name == registry.metadata.namespace_name) return std::nullopt;
  const std::pair<std::string_view, const std::string*> images[] = {
      {"spec.image", &registry.spec.image}, {"spec.buildKitImage", &registry.spec.buildkit_image}};
  for (const auto& [field, image] : images) {
    if (image == &registry.spec.buildkit_image && registry.spec.localbuild) continue;
    if (!image_is_allowed(*image, allowed_images)) return image_refusal(field, *image, target);
  }
  const std::string_view listed =
      api::lookup(target.metadata.annotations, kAllowPullSecretsAnnotation);
  for (const api::LocalObjectReference& secret : registry.spec.image_pull_secrets) {
    if (!lists(listed, secret.name)) return pull_secret_refusal(secret.name, target);
  }
  return std::nullopt;
}

bool pvc_is_usable(const Observed& observed) {
  if (!observed.pvc()) return false;
  const api::ObjectMeta& pvc = observed.pvc()->metadata;
  if (belongs_to(pvc, *observed.registry)) return true;
  const std::string& own = observed.registry->metadata.namespace_name;
  return is_managed(pvc) && !owner_uid(pvc).empty() && !observed.pvc_owner_may_exist &&
         owner_key(pvc).namespace_name == own;
}

std::optional<Refusal> find_refusal(const Observed& observed) {
  if (auto refusal = check_spec(observed)) return refusal;
  if (!is_deployed(observed)) return std::nullopt;
  if (auto refusal = check_watched(observed)) return refusal;
  if (auto refusal = check_namespace(observed)) return refusal;
  if (auto refusal = check_opt_in(observed)) return refusal;
  if (auto refusal = check_foreign_pod(observed)) return refusal;
  if (auto refusal = check_rival(observed)) return refusal;
  if (auto refusal = check_foreign_objects(observed)) return refusal;
  return check_whole(observed);
}

std::optional<Refusal> find_missing_part(const api::LocalRegistry& registry) {
  if (registry.metadata.completeness == json::Completeness::kComplete) return std::nullopt;
  const std::string& own = registry.metadata.namespace_name;
  if (registry.metadata.completeness == json::Completeness::kMetadataOnly) {
    return Refusal{reason::kNoRoom,
                   fmt::format("the operator's cache has no room for this LocalRegistry: namespace "
                               "{} has too many or too large LocalRegistries; delete some of them",
                               own)};
  }
  const bool delays_deletion =
      registry.metadata.completeness == json::Completeness::kPartialMetadata &&
      is_terminating(registry.metadata);
  return Refusal{reason::kTooLarge,
                 fmt::format("this LocalRegistry is too large: the operator reads at most {} bytes "
                             "of it and {} bytes of its metadata; remove images, or finalizers, "
                             "owner references, labels and annotations{}",
                             limits::kRegistryObjectBytes, limits::kMetadataBytes,
                             delays_deletion ? "; it cannot be deleted before that" : "")};
}

}  // namespace reconcile
