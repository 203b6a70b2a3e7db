// Whether the registry and the BuildKit sidecar work, and why not. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "reconcile/observed.h"

namespace reconcile {

// A condition before it gets its generation and time.
struct Judgement {
  std::string_view status;  // "True", "False" or "Unknown"
  std::string reason;
  std::string message;
};

Judgement judge_registry(const Observed& observed);
Judgement judge_buildkit(const Observed& observed);

}  // namespace reconcile
