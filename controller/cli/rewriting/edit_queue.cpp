#include "cli/rewriting/edit_queue.h"

#include <utility>

namespace cli {

std::uint64_t EditQueue::reserve() {
  slots_.emplace_back();
  return first_ + slots_.size() - 1;
}

void EditQueue::decide(std::uint64_t slot, json::Edit edit) {
  at(slot).decided = true;
  at(slot).edit = std::move(edit);
}

base::Result<void> EditQueue::flush() {
  while (!slots_.empty() && slots_.front().decided) {
    std::optional<json::Edit> edit = std::move(slots_.front().edit);
    slots_.pop_front();
    ++first_;
    if (!edit) continue;
    if (auto emitted = emit_(*std::move(edit)); !emitted) return emitted;
  }
  return {};
}

}  // namespace cli
