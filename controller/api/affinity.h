// spec.affinity, which goes into the pod without a type. Pure functions; any thread.
#pragma once

#include "json/raw.h"

namespace api {

// As the API server stores it in a pod template: without an empty matchLabels. Every other empty
// object stays: an empty labelSelector selects all pods, an absent one none.
json::Raw stored_affinity(const json::Raw& affinity);

}  // namespace api
