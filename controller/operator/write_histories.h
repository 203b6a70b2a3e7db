// Keeps the write history of each LocalRegistry (reconcile/contest/write_history.h) for as long as
// this process lives. It keeps at most limits::kWriteHistories, in at most
// limits::kWriteHistoryBytes. When a limit is exceeded, the least recently changed history is
// dropped; namespaces that use more than 1/limits::kCacheShare of the bytes lose histories first.
// The status still reports the contests of a dropped history, so the operator does not heal those
// fields again and again.
#pragma once

#include <map>

#include "base/clock.h"
#include "reconcile/contest/write_history.h"

namespace controller {

class WriteHistories {
 public:
  explicit WriteHistories(base::Clock& clock) : clock_(clock) {}

  // Returns the history of the key; empty when there is none.
  const reconcile::WriteHistory& of(const api::ObjectKey& key) const;

  void record_write(const api::ObjectKey& key, reconcile::WriteRecord write);
  void record_failed_write(const api::ObjectKey& key, reconcile::ObjectRole role,
                           std::size_t intent);
  void record_contest(const api::ObjectKey& key, reconcile::ContestRecord record);
  void end_contest(const api::ObjectKey& key, reconcile::ObjectRole role);
  void forget(const api::ObjectKey& key);

  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }  // memory of all histories
  std::size_t contested() const;                // number of contested objects

 private:
  struct Entry {
    reconcile::WriteHistory history;
    reconcile::Instant used;  // time of the last change
    std::size_t bytes = 0;
  };
  using Entries = std::map<api::ObjectKey, Entry>;

  reconcile::WriteHistory& mutable_history(const api::ObjectKey& key);
  // Drops heals that are too old and enforces the limits. Must be called after each change of the
  // history of `key`.
  void drop_outdated(const api::ObjectKey& key);
  void erase(Entries::iterator entry);
  void make_room(const api::ObjectKey& changed);

  base::Clock& clock_;
  Entries entries_;
  std::size_t bytes_ = 0;
};

}  // namespace controller
