#include "cli/rewriting/edit_queue.h"

#include <utility>

namespace cli {

std::uint64_t EditQueue::reserve() {
  places_.emplace_back();
  return first_ + places_.size() - 1;
}

void EditQueue::decide(std::uint64_t place, json::Edit edit) {
  at(place).decided = true;
  at(place).edit = std::move(edit);
}

base::Result<void> EditQueue::flush() {
  while (!places_.empty() && places_.front().decided) {
    std::optional<json::Edit> edit = std::move(places_.front().edit);
    places_.pop_front();
    ++first_;
    if (!edit) continue;
    if (auto emitted = emit_(*std::move(edit)); !emitted) return emitted;
  }
  return {};
}

}  // namespace cli
