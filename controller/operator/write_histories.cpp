#include "operator/write_histories.h"

#include <algorithm>

#include "reconcile/observed.h"

namespace controller {

const reconcile::WriteHistory& WriteHistories::of(const api::ObjectKey& key) const {
  static const reconcile::WriteHistory kNothing;
  const auto found = entries_.find(key);
  return found == entries_.end() ? kNothing : found->second.history;
}

void WriteHistories::record_write(const api::ObjectKey& key, reconcile::WriteRecord write) {
  write.now = clock_.now();
  // Most writes create an object or apply a new intent, and need no record.
  if (write.healed.empty() && write.overridden.empty() && of(key).empty()) return;
  reconcile::record_write(change(key), write);
  tidy(key);
}

void WriteHistories::record_failed_write(const api::ObjectKey& key, reconcile::Target target) {
  if (of(key).find(target) == nullptr) return;
  reconcile::record_failed_write(change(key), target, clock_.now());
}

void WriteHistories::record_override(const api::ObjectKey& key, reconcile::OverrideRecord record) {
  record.now = clock_.now();
  reconcile::record_override(change(key), record);
}

void WriteHistories::end_contest(const api::ObjectKey& key, reconcile::Target target) {
  if (of(key).find(target) == nullptr) return;
  reconcile::end_contest(change(key), target);
  tidy(key);
}

std::size_t WriteHistories::contested() const {
  std::size_t count = 0;
  for (const auto& [key, entry] : entries_) count += entry.history.contests.size();
  return count;
}

reconcile::WriteHistory& WriteHistories::change(const api::ObjectKey& key) {
  if (entries_.size() >= limits::kWriteHistories && !entries_.contains(key)) {
    entries_.erase(std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  }
  Entry& entry = entries_[key];
  entry.used = clock_.now();
  return entry.history;
}

void WriteHistories::tidy(const api::ObjectKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  reconcile::forget_old_heals(found->second.history, clock_.now());
  if (found->second.history.empty()) entries_.erase(found);
}

}  // namespace controller
