// What the API server says when it refuses: metav1.Status, turned into base::Error. Pure; any
// thread. Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
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

// The error that an answer of 300 and more is. what names the resource, for people:
// "deployments.apps". A body that is no Status is quoted, shortened.
base::Error error_of(const Response& response, std::string_view what);

// The error that an ERROR event of a watch carries.
base::Error error_of_event(json::View status, std::string_view what);

// True when the server does not know the resource at all: the CRD is not installed.
bool is_missing_type(const base::Error& error);

// "deployments.apps", "services": as in the messages of kubectl.
std::string qualified_name(const api::ResourceType& type);

}  // namespace kube
