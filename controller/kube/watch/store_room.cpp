// The part of StoreCore that decides how much of an object is kept: whole, its metadata, or
// nothing.
#include <algorithm>

#include "kube/watch/store.h"

namespace kube {

// Returns whether an object of this cost may be kept whole. `held`: bytes of the other objects.
bool StoreCore::has_room(std::string_view namespace_name, std::size_t held,
                         std::size_t cost) const {
  const std::size_t for_stubs = type_.cache_bytes / 8;
  if (held + cost > type_.cache_bytes - for_stubs) return false;
  return !crowded_ || share_of(namespace_name).bytes + cost <= bytes_of_share();
}

// Returns whether the metadata of an object may be kept as a stub. `visible`: the version that
// readers see. Stubs have a separate limit for each namespace. So a namespace that has reached its
// limit still gets the metadata of some objects, but its stubs cannot use up the capacity for other
// namespaces.
bool StoreCore::has_room_for_stub(const PackedEntry& stub, const PackedEntry& visible,
                                  bool relisting) const {
  if (!crowded_ || (visible && stub.cost() <= visible.cost())) return true;
  const bool replaces_stub = visible && visible.kept() != json::Kept::kWhole;
  const std::size_t stubs = share_of(stub.namespace_name()).stubs;
  const std::size_t others = stubs - std::min(stubs, replaces_stub ? visible.cost() : 0);
  // During a relist the earlier versions count as well.
  return others + stub.cost() <= bytes_of_share() * (relisting ? 2 : 1);
}

StoreCore::Share StoreCore::share_of(std::string_view namespace_name) const {
  const auto found = shares_.find(namespace_name);
  return found == shares_.end() ? Share() : found->second;
}

// Packs an object whole, packs its metadata alone, or drops it, depending on the limits. `visible`:
// the version that readers see. During a relist this version stays until the end, and takes memory
// besides the new version.
PackedEntry StoreCore::keep(const Entry& entry, const PackedEntry& visible, bool relisting) {
  const PackedEntry instead_of = relisting ? PackedEntry() : visible;
  const std::size_t held = bytes_ - std::min(bytes_, instead_of.cost());
  PackedEntry whole = pack(entry);
  const bool has_place =
      instead_of && instead_of.kept() != json::Kept::kNoRoom && whole.cost() <= instead_of.cost();
  if (has_place || has_room(entry.meta->namespace_name, held, whole.cost())) return whole;
  PackedEntry stub = pack(type_.stub(*entry.meta), whole.cost());
  const bool fits = held + stub.cost() <= type_.cache_bytes;
  if (fits && has_room_for_stub(stub, visible, relisting)) return stub;
  ++(fits ? over_share_ : dropped_);
  return PackedEntry();
}

void StoreCore::account(const PackedEntry& entry, bool added) {
  if (!entry) return;
  const std::size_t cost = entry.cost();
  const bool in_part = entry.kept() != json::Kept::kWhole;
  if (added) {
    bytes_ += cost;
    reduced_ += in_part ? 1 : 0;
  } else {
    bytes_ -= std::min(bytes_, cost);
    reduced_ -= in_part && reduced_ > 0 ? 1 : 0;
  }
  if (crowded_) note_share(entry, added);
  note_shares();
}

void StoreCore::note_share(const PackedEntry& entry, bool added) {
  const auto change = [&](std::size_t& bytes) {
    bytes = added ? bytes + entry.cost() : bytes - std::min(bytes, entry.cost());
  };
  Share& share = shares_[std::string(entry.namespace_name())];
  change(share.bytes);
  if (entry.kept() != json::Kept::kWhole) change(share.stubs);
}

// Counts the bytes of each namespace, but only while the cache is crowded (crowded_): then each
// namespace has a limit.
void StoreCore::note_shares() {
  if (!crowded_ && bytes_ > type_.cache_bytes / 2) {
    crowded_ = true;
    for (const PackedEntry& entry : objects_) note_share(entry, true);
    for (const Part& part : parts_) {
      for (const PackedEntry& entry : part.relisted) {
        if (!objects_.contains(entry)) note_share(entry, true);
      }
    }
  } else if (crowded_ && bytes_ < type_.cache_bytes / 8 * 3) {
    crowded_ = false;
    shares_.clear();
  }
}

void StoreCore::recount() {
  bytes_ = 0;
  reduced_ = 0;
  crowded_ = false;
  shares_.clear();
  for (const PackedEntry& entry : objects_) {
    bytes_ += entry.cost();
    reduced_ += entry.kept() == json::Kept::kWhole ? 0 : 1;
  }
  note_shares();
}

bool StoreCore::wants_relist() const {
  if (dropped_ > 0 && bytes_ < type_.cache_bytes / 4 * 3) return true;
  if (over_share_ > 0 && !crowded_) return true;
  if (reduced_ == 0) return false;
  return std::any_of(objects_.begin(), objects_.end(), [this](const PackedEntry& entry) {
    return entry.kept() == json::Kept::kNoRoom &&
           has_room(entry.namespace_name(), bytes_, entry.wanted());
  });
}

}  // namespace kube
