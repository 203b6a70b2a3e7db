// What is asked of the claim, and what of it cannot be done. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reconcile/observed.h"

namespace reconcile {

// The condition StorageReady, before it gets its generation and time.
struct StorageState {
  bool ready = false;
  std::string_view reason;
  std::string message;
};

StorageState judge_storage(const Observed& observed);

}  // namespace reconcile
