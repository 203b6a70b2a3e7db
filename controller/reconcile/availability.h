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
enum class MessageSource {
  kOwn,     // the operator's own text: always written
  kQuoted,  // another program's text, with ports, retries and seconds: not if only numbers differ
  kCrash,   // a container's log, different after each crash: never
};

// A condition without its generation and transition time.
struct ConditionValue {
  std::string_view status;  // "True", "False" or "Unknown"
  std::string reason;
  std::string message;
  MessageSource source = MessageSource::kOwn;
};

// Returns the reason of a condition for a write that the API server rejected: QuotaExceeded,
// PodSecurity or Forbidden for a write that admission refused, else Failed.
std::string_view reason_of_failure(const base::Error& error);

// Returns the condition for the first failed or refused write of these kinds; nullopt when there is
// none.
std::optional<ConditionValue> condition_of_failed_write(const Observed& observed,
                                                        std::initializer_list<ObjectKind> kinds);

// Returns the instruction by which the user has a kept pod template replaced, for messages.
std::string restart_remedy(const Observed& observed);

ConditionValue compute_available(const Observed& observed);
ConditionValue compute_buildkit_ready(const Observed& observed);

}  // namespace reconcile
