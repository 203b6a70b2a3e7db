// Computes the conditions Available and BuildKitReady: whether the registry and the BuildKit
// sidecar work, and why not. All functions are pure and can be called on any thread.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "reconcile/observed.h"

namespace reconcile {

// The source of a condition's message. While status and reason stay the same, it decides whether
// another message is worth a status write.
enum class Wording {
  kOwn,     // the operator's own text: always written
  kQuoted,  // another program's text, with ports, retries and seconds: not if only numbers differ
  kCrash,   // a container's log, different after each crash: never
};

// A condition without its generation and transition time.
struct Judgement {
  std::string_view status;  // "True", "False" or "Unknown"
  std::string reason;
  std::string message;
  Wording wording = Wording::kOwn;
};

// Returns the reason of a condition for a write that the API server rejected: QuotaExceeded,
// PodSecurity or Forbidden for a write that admission refused, else Failed.
std::string_view reason_of_failure(const base::Error& error);

// Judges the first failed or refused write of the targets; nullopt when there is none.
std::optional<Judgement> judge_failed_write(const Observed& observed,
                                            std::initializer_list<Target> targets);

// Returns the instruction by which the user has a kept pod template replaced, for messages.
std::string restart_remedy(const Observed& observed);

Judgement judge_registry(const Observed& observed);
Judgement judge_buildkit(const Observed& observed);

}  // namespace reconcile
