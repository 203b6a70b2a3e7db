// This file has the scenarios of the admission webhook: it is installed, and users damage or remove
// its certificate and its configuration. The webhook itself is not called.
#pragma once

#include <string>
#include <vector>

#include "sim/scenario.h"

namespace sim {

// The name of the MutatingWebhookConfiguration, without a namespace.
inline constexpr const char* kWebhookConfiguration = "local-registry-operator";

// The name of the Secret with the webhook's certificates, in the operator's namespace.
inline constexpr const char* kWebhookSecret = "local-registry-operator-webhook";

// Returns the configuration as the chart creates it, without a caBundle, as JSON.
std::string webhook_configuration();

// Returns scenarios that install the webhook, damage the Secret and the configuration, and remove
// them, with the webhook in use or not.
std::vector<Scenario> webhooks();

}  // namespace sim
