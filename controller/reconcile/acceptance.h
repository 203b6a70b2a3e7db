// May this resource have what it asks for? A chain of named checks; the first that refuses wins,
// and then nothing is written but status. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reconcile/observed.h"

namespace reconcile {

struct Refusal {
  std::string_view reason;  // of the condition Accepted
  std::string message;      // what is wrong, and what to do about it
};

std::optional<Refusal> find_refusal(const Observed& observed);

// Why this resource, of which only a part is known, is not served; nothing when it is whole.
std::optional<Refusal> find_missing_part(const api::LocalRegistry& registry);

// True when the namespace lets the resource have its registry there: it is the resource's own, or
// it names the resource's namespace in its annotation.
bool is_allowed(const api::LocalRegistry& registry, const api::Namespace& target);

// True when the claim may be used and written: it is this resource's own, or one that an earlier
// resource left behind.
bool claim_is_usable(const Observed& observed);

}  // namespace reconcile
