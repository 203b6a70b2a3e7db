// This file normalises spec.affinity, which is passed to the pod as untyped JSON. The functions are
// pure and can be called on any thread.
#pragma once

#include "json/raw.h"

namespace api {

// Returns the affinity as the API server stores it in a pod template: without an empty matchLabels.
// Every other empty object stays, because an empty labelSelector selects all pods and an absent one
// selects none.
json::Raw stored_affinity(const json::Raw& affinity);

}  // namespace api
