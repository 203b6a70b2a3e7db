// EditQueue emits edits in the order of the text, although they are decided in another order. Each
// value that may be edited reserves a slot; its edit waits until all earlier slots are decided. An
// EditQueue has one owner and is used on one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "base/error.h"
#include "json/text/scalars.h"

namespace cli {

using Emit = std::function<base::Result<void>(json::Edit)>;

class EditQueue {
 public:
  // `emit` gets the edits in the order of the text.
  explicit EditQueue(Emit emit) : emit_(std::move(emit)) {}

  // Reserves the next slot in the text and returns its number.
  std::uint64_t reserve();

  // Marks the slot as decided without an edit. The slot must not have been emitted yet.
  void decide(std::uint64_t slot) { at(slot).decided = true; }
  // Marks the slot as decided, and adds its edit.
  void decide(std::uint64_t slot, json::Edit edit);

  // Emits the edits up to the first slot that is not decided. Returns the first error of `emit`.
  base::Result<void> flush();

 private:
  // A Slot is the state of one value: undecided, decided with an edit, or decided without one.
  struct Slot {
    bool decided = false;
    std::optional<json::Edit> edit;
  };

  Slot& at(std::uint64_t slot) { return slots_[slot - first_]; }

  const Emit emit_;
  std::deque<Slot> slots_;
  std::uint64_t first_ = 0;  // number of slots_.front()
};

}  // namespace cli
