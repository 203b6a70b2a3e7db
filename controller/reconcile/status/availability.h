// Computes the conditions Available and BuildKitReady: whether the registry and the BuildKit
// sidecar work, and why not. All functions are pure and can be called on any thread.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "reconcile/observed.h"

namespace reconcile {

// Where the message of a condition comes from. If only the message of a condition changes, its
// source decides whether the operator writes the status.
enum class MessageSource {
  kOwn,     // the operator's own text: written
  kQuoted,  // another program's text: written unless only numbers in it differ (ports, retries)
  kCrash,   // a container's log, which is different after each crash: not written
};

// A condition without its generation and transition time.
struct ConditionValue {
  std::string_view status;  // one of api::condition_status
  std::string reason;
  std::string message;
  MessageSource source = MessageSource::kOwn;
};

// Returns the reason of a condition for a write that the API server rejected: QuotaExceeded,
// PodSecurity or Forbidden for a write that admission refused, else Failed.
std::string_view reason_of_failure(const base::Error& error);

// Returns the condition for the first failed or refused write of an object of these kinds; nullopt
// when all their writes succeeded.
std::optional<ConditionValue> condition_of_failed_write(const Observed& observed,
                                                        std::initializer_list<ObjectRole> kinds);

// Returns, for messages, what the user can do to replace a kept pod template (template_hold.h).
std::string restart_remedy(const Observed& observed);

ConditionValue compute_available(const Observed& observed);
ConditionValue compute_buildkit_ready(const Observed& observed);

}  // namespace reconcile
