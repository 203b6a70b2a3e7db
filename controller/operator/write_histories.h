// Keeps the write history of each LocalRegistry (reconcile/write_history.h) for as long as this
// process lives. At most limits::kWriteHistories are kept: the one that was not changed for the
// longest time is dropped.
#pragma once

#include <map>

#include "base/clock.h"
#include "reconcile/write_history.h"

namespace controller {

class WriteHistories {
 public:
  explicit WriteHistories(base::Clock& clock) : clock_(clock) {}

  // Returns the history of the key; empty when there is none.
  const reconcile::WriteHistory& of(const api::ObjectKey& key) const;

  void record_write(const api::ObjectKey& key, reconcile::WriteRecord write);
  void record_failed_write(const api::ObjectKey& key, reconcile::Target target);
  void record_override(const api::ObjectKey& key, reconcile::OverrideRecord record);
  void end_contest(const api::ObjectKey& key, reconcile::Target target);
  void forget(const api::ObjectKey& key) { entries_.erase(key); }

  std::size_t size() const { return entries_.size(); }
  std::size_t contested() const;  // number of contested objects

 private:
  struct Entry {
    reconcile::WriteHistory history;
    reconcile::Instant used;
  };

  reconcile::WriteHistory& change(const api::ObjectKey& key);
  void tidy(const api::ObjectKey& key);

  base::Clock& clock_;
  std::map<api::ObjectKey, Entry> entries_;
};

}  // namespace controller
