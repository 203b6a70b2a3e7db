// Converts failed answers of the API server (metav1.Status) to base::Error. The functions are pure
// and can be called on any thread.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/meta.h"
#include "base/error.h"
#include "json/value.h"
#include "kube/transport.h"

namespace kube {

// Returns the error for an answer that is not 2xx. `what` names the resource for people:
// "deployments.apps". If the body is not a Status, the message quotes its first line.
base::Error error_of(const Response& response, std::string_view what);

// Returns the error for the Status in an ERROR event of a watch.
base::Error error_of_event(json::View status, std::string_view what);

// Returns whether the API server does not serve the resource type, for example for lack of the CRD.
bool is_missing_type(const base::Error& error);

// Returns the name of a resource type as kubectl shows it: "deployments.apps", "services".
std::string qualified_name(const api::ResourceType& type);

}  // namespace kube
