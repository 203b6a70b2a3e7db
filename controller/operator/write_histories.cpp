#include "operator/write_histories.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "reconcile/observed.h"

namespace controller {
namespace {

// Returns the memory of an entry in bytes: its node in the map, the texts of its key, and its
// history.
template <class Entry>
std::size_t bytes_of_entry(const api::ObjectKey& key, const Entry& entry) {
  constexpr std::size_t kNode = 64;
  return kNode + sizeof(key) + sizeof(entry) + key.namespace_name.size() + key.name.size() +
         reconcile::bytes_of(entry.history);
}

}  // namespace

const reconcile::WriteHistory& WriteHistories::of(const api::ObjectKey& key) const {
  static const reconcile::WriteHistory kNothing;
  const auto found = entries_.find(key);
  return found == entries_.end() ? kNothing : found->second.history;
}

void WriteHistories::record_write(const api::ObjectKey& key, reconcile::WriteRecord write) {
  write.now = clock_.now();
  // Most writes create an object or apply a new intent, and need no record.
  if (write.healed.empty() && write.overridden.empty() && of(key).empty()) return;
  reconcile::record_write(mutable_history(key), write);
  drop_outdated(key);
}

void WriteHistories::record_failed_write(const api::ObjectKey& key, reconcile::ObjectRole role,
                                         std::size_t intent) {
  if (of(key).find(role) == nullptr) return;
  reconcile::record_failed_write(mutable_history(key), role, intent, clock_.now());
  drop_outdated(key);
}

void WriteHistories::record_contest(const api::ObjectKey& key, reconcile::ContestRecord record) {
  record.now = clock_.now();
  reconcile::record_contest(mutable_history(key), record);
  drop_outdated(key);
}

void WriteHistories::end_contest(const api::ObjectKey& key, reconcile::ObjectRole role) {
  if (of(key).find(role) == nullptr) return;
  reconcile::end_contest(mutable_history(key), role);
  drop_outdated(key);
}

std::size_t WriteHistories::contested() const {
  std::size_t count = 0;
  for (const auto& [key, entry] : entries_) count += entry.history.contests.size();
  return count;
}

reconcile::WriteHistory& WriteHistories::mutable_history(const api::ObjectKey& key) {
  Entry& entry = entries_[key];
  entry.used = clock_.now();
  return entry.history;
}

void WriteHistories::drop_outdated(const api::ObjectKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  reconcile::forget_old_writes(found->second.history, clock_.now());
  if (found->second.history.empty()) return erase(found);
  bytes_ -= std::exchange(found->second.bytes, bytes_of_entry(key, found->second));
  bytes_ += found->second.bytes;
  make_room(key);
}

void WriteHistories::forget(const api::ObjectKey& key) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) erase(found);
}

void WriteHistories::erase(Entries::iterator entry) {
  bytes_ -= entry->second.bytes;
  entries_.erase(entry);
}

// Drops histories until the others are within the limits. The history of `changed` is never
// dropped.
void WriteHistories::make_room(const api::ObjectKey& changed) {
  while (entries_.size() > limits::kWriteHistories || bytes_ > limits::kWriteHistoryBytes) {
    std::map<std::string_view, std::size_t> of_namespace;
    for (const auto& [key, entry] : entries_) of_namespace[key.namespace_name] += entry.bytes;
    // All namespaces that use at most 1/limits::kCacheShare of the bytes have the same excess.
    const auto excess = [&](const api::ObjectKey& key) {
      return std::max(of_namespace[key.namespace_name],
                      limits::kWriteHistoryBytes / limits::kCacheShare);
    };
    auto dropped = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->first == changed) continue;
      const bool is_first = dropped == entries_.end() ||
                            excess(entry->first) > excess(dropped->first) ||
                            (excess(entry->first) == excess(dropped->first) &&
                             entry->second.used < dropped->second.used);
      if (is_first) dropped = entry;
    }
    if (dropped == entries_.end()) return;
    erase(dropped);
  }
}

}  // namespace controller
