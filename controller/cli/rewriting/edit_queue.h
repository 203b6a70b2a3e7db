// EditQueue emits edits in the order of the text, although they are decided in another order. A
// place is reserved for each candidate; edits wait until all places before theirs are decided. One
// owner; one thread.
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

  // Reserves the next place in the text and returns its number.
  std::uint64_t reserve();

  // Marks the place as decided without an edit. It must not have been emitted yet.
  void decide(std::uint64_t place) { at(place).decided = true; }
  // Adds the edit of a place.
  void decide(std::uint64_t place, json::Edit edit);

  // Emits the edits up to the first place that is not decided. Returns the first error of `emit`.
  base::Result<void> flush();

 private:
  // The state of one candidate: undecided, decided with an edit, or decided without one.
  struct Place {
    bool decided = false;
    std::optional<json::Edit> edit;
  };

  Place& at(std::uint64_t place) { return places_[place - first_]; }

  const Emit emit_;
  std::deque<Place> places_;
  std::uint64_t first_ = 0;  // number of places_.front()
};

}  // namespace cli
