// This file is the part of StoreCore that decides how much of an object is kept: the whole object,
// its metadata alone, or nothing.
#include <algorithm>

#include "kube/watch/store.h"

namespace kube {

// Returns whether an object of this cost may be kept whole. `other_bytes`: bytes of the other
// objects.
bool StoreCore::has_room(std::string_view namespace_name, std::size_t other_bytes,
                         std::size_t cost) const {
  const std::size_t for_stubs = type_.cache_bytes / 8;
  if (other_bytes + cost > type_.cache_bytes - for_stubs) return false;
  return !limits_namespaces_ || usage_of(namespace_name).bytes + cost <= bytes_per_namespace();
}

// Returns whether the metadata of an object may be kept as a stub. `visible`: the version that
// readers see. Stubs have a separate limit for each namespace. So a namespace that has reached its
// limit still gets the metadata of some objects, but its stubs cannot use up the capacity for other
// namespaces.
bool StoreCore::has_room_for_stub(const PackedEntry& stub, const PackedEntry& visible,
                                  bool relisting) const {
  if (!limits_namespaces_ || (visible && stub.cost() <= visible.cost())) return true;
  const bool replaces_stub = visible && visible.completeness() != json::Completeness::kComplete;
  const std::size_t stubs = usage_of(stub.namespace_name()).stubs;
  const std::size_t others = stubs - std::min(stubs, replaces_stub ? visible.cost() : 0);
  // During a relist the earlier versions of the objects are counted as well, so the limit is
  // doubled.
  return others + stub.cost() <= bytes_per_namespace() * (relisting ? 2 : 1);
}

StoreCore::NamespaceUsage StoreCore::usage_of(std::string_view namespace_name) const {
  const auto found = usage_by_namespace_.find(namespace_name);
  return found == usage_by_namespace_.end() ? NamespaceUsage() : found->second;
}

// Packs an object whole, packs its metadata alone, or drops it, depending on the limits. `visible`:
// the version that readers see. During a relist this version stays until the end, and takes memory
// besides the new version.
PackedEntry StoreCore::keep(const Entry& entry, const PackedEntry& visible, bool relisting) {
  const PackedEntry instead_of = relisting ? PackedEntry() : visible;
  const std::size_t other_bytes = bytes_ - std::min(bytes_, instead_of.cost());
  PackedEntry whole = pack(entry);
  const bool fits_in_old = instead_of &&
                           instead_of.completeness() != json::Completeness::kMetadataOnly &&
                           whole.cost() <= instead_of.cost();
  if (fits_in_old || has_room(entry.meta->namespace_name, other_bytes, whole.cost())) return whole;
  PackedEntry stub = pack(type_.stub(*entry.meta), whole.cost());
  const bool fits = other_bytes + stub.cost() <= type_.cache_bytes;
  if (fits && has_room_for_stub(stub, visible, relisting)) return stub;
  ++(fits ? dropped_by_namespace_limit_ : dropped_);
  return PackedEntry();
}

void StoreCore::account(const PackedEntry& entry, bool added) {
  if (!entry) return;
  const std::size_t cost = entry.cost();
  const bool is_incomplete = entry.completeness() != json::Completeness::kComplete;
  if (added) {
    bytes_ += cost;
    reduced_ += is_incomplete ? 1 : 0;
  } else {
    bytes_ -= std::min(bytes_, cost);
    reduced_ -= is_incomplete && reduced_ > 0 ? 1 : 0;
  }
  if (limits_namespaces_) count_usage(entry, added);
  update_namespace_limits();
}

void StoreCore::count_usage(const PackedEntry& entry, bool added) {
  const auto change = [&](std::size_t& bytes) {
    bytes = added ? bytes + entry.cost() : bytes - std::min(bytes, entry.cost());
  };
  NamespaceUsage& share = usage_by_namespace_[std::string(entry.namespace_name())];
  change(share.bytes);
  if (entry.completeness() != json::Completeness::kComplete) change(share.stubs);
}

// Turns the limits of namespaces on when more than 1/2 of cache_bytes is in use, and off when less
// than 3/8 is. Bytes are counted by namespace only while the limits are on.
void StoreCore::update_namespace_limits() {
  if (!limits_namespaces_ && bytes_ > type_.cache_bytes / 2) {
    limits_namespaces_ = true;
    for (const PackedEntry& entry : objects_) count_usage(entry, true);
    for (const Part& part : parts_) {
      for (const PackedEntry& entry : part.relisted) {
        if (!objects_.contains(entry)) count_usage(entry, true);
      }
    }
  } else if (limits_namespaces_ && bytes_ < type_.cache_bytes / 8 * 3) {
    limits_namespaces_ = false;
    usage_by_namespace_.clear();
  }
}

void StoreCore::recount() {
  bytes_ = 0;
  reduced_ = 0;
  limits_namespaces_ = false;
  usage_by_namespace_.clear();
  for (const PackedEntry& entry : objects_) {
    bytes_ += entry.cost();
    reduced_ += entry.completeness() == json::Completeness::kComplete ? 0 : 1;
  }
  update_namespace_limits();
}

bool StoreCore::wants_relist() const {
  if (dropped_ > 0 && bytes_ < type_.cache_bytes / 4 * 3) return true;
  if (dropped_by_namespace_limit_ > 0 && !limits_namespaces_) return true;
  if (reduced_ == 0) return false;
  return std::any_of(objects_.begin(), objects_.end(), [this](const PackedEntry& entry) {
    return entry.completeness() == json::Completeness::kMetadataOnly &&
           has_room(entry.namespace_name(), bytes_, entry.full_cost());
  });
}

}  // namespace kube
