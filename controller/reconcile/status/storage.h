// Computes the condition StorageReady: whether the PVC is as the spec asks, and why not. All
// functions are pure and can be called on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reconcile/observed.h"

namespace reconcile {

// The condition StorageReady, without its generation and transition time.
struct StorageState {
  bool ready = false;
  std::string_view reason;
  std::string message;
};

StorageState compute_storage_ready(const Observed& observed);

}  // namespace reconcile
