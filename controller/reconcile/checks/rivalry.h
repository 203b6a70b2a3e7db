// Decides which of several LocalRegistries that want the same name in the same namespace gets it.
// All functions are pure and can be called on any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconcile/observed.h"

namespace reconcile {

// The inputs that are the same for all LocalRegistries that want the name.
struct NameContest {
  const api::Namespace* target_namespace = nullptr;
  bool kind_cluster = false;
  std::string_view incumbent_uid;  // uid of the existing objects' owner; empty: none exist
  std::vector<std::string> allowed_images = {};  // --allowed-images; empty: any
};

// Returns a number that orders LocalRegistries by the second of their creation. Its low bits record
// whether the LocalRegistry may want a registry. With this number, find_rival() rules out most
// candidates without unpacking their LocalRegistries from the cache.
std::uint64_t name_candidate_summary(const api::LocalRegistry& registry);

// Returns whether a LocalRegistry with that summary may want a registry on a KinD cluster or on
// another cluster.
bool may_want_registry(std::uint64_t summary);

// One LocalRegistry that may want the name. The views refer to text that the caller owns.
struct NameCandidate {
  std::string_view namespace_name;
  std::string_view name;
  std::uint64_t summary = 0;
  bool is_self = false;
  bool is_incumbent = false;
};

// Loads the LocalRegistry of a candidate; returns null when it does not want the name after all.
using LoadNameCandidate =
    std::function<std::shared_ptr<const api::LocalRegistry>(const NameCandidate&)>;

// Returns the LocalRegistry of `candidates` that has the name instead of self; nullopt when self
// has it. The LocalRegistry that owns the existing objects keeps the name, so that a new
// LocalRegistry does not stop a registry that runs. Otherwise the older one wins, even while its
// push checks are not decided. LocalRegistries that want no registry, or are not allowed to have
// one in that namespace, do not count.
//
// creationTimestamp has whole seconds. Two LocalRegistries that were created in the same second are
// ordered by the resourceVersion of their creation: see first_resource_version.
//
// find_rival loads the incumbent, and then, oldest first, only as many candidates as it needs to
// find the winner: limits::kRivals at most. If none of these has the name, the search ends without
// a rival although there may be one. Then both LocalRegistries try to create the objects, and the
// first to succeed has the name.
std::optional<api::ObjectKey> find_rival(const api::LocalRegistry& self,
                                         std::vector<NameCandidate> candidates,
                                         const LoadNameCandidate& load, const NameContest& contest);

// Returns whether another LocalRegistry that was created in the same second may want the same name.
bool has_same_second_candidate(const api::LocalRegistry& self,
                               const std::vector<NameCandidate>& candidates);

// Returns the resourceVersion with which the LocalRegistry was created. Each write of the
// LocalRegistry changes the resourceVersion. So the operator's first write is a status update that
// records the original one, if has_same_second_candidate() or if the next write adds the finalizer.
// The result is empty if the operator wrote the status before it saw such a candidate. Then the
// LocalRegistry is the oldest of its second, because a watch sends objects in the order of their
// creation. The finalizer alone does not prove that the operator wrote the object: the user who
// creates a LocalRegistry can set it.
std::string first_resource_version(const api::LocalRegistry& registry);

}  // namespace reconcile
