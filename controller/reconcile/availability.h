// Whether the registry and the BuildKit sidecar work, and why not. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "reconcile/observed.h"

namespace reconcile {

// What the message is made of, which decides when another wording is worth a write.
enum class Wording {
  kOwn,     // the operator's own words: always
  kQuoted,  // another program's words, which count ports, retries and seconds: not for numbers
  kCrash,   // the log of a container, which is another one after each crash: never
};

// A condition before it gets its generation and time.
struct Judgement {
  std::string_view status;  // "True", "False" or "Unknown"
  std::string reason;
  std::string message;
  Wording wording = Wording::kOwn;
};

// Returns the reason of a condition for a write that the API server rejected: QuotaExceeded,
// PodSecurity or Forbidden for a write that admission refused, else Failed.
std::string_view reason_of_failure(const base::Error& error);

// How the user has a kept pod template replaced.
std::string restart_remedy(const Observed& observed);

Judgement judge_registry(const Observed& observed);
Judgement judge_buildkit(const Observed& observed);

}  // namespace reconcile
