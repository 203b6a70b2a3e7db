// What the simulated API server says when it refuses, and of deletes: metav1.Status, in the words
// of the real one. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kube/transport.h"
#include "sim/resources.h"

namespace sim {

struct Cause {
  std::string reason;  // "FieldValueInvalid"
  std::string message;
  std::string field;
};
using Causes = std::vector<Cause>;

Cause invalid_value(std::string_view field, std::string_view value, std::string_view message);
Cause required_value(std::string_view field, std::string_view message = {});
Cause forbidden(std::string_view field, std::string_view message);
Cause unsupported_value(std::string_view field, std::string_view value,
                        const std::vector<std::string>& supported);
Cause duplicate_value(std::string_view field, std::string_view value);
std::string quoted(std::string_view text);

kube::Response not_found(const Resource& resource, std::string_view name);
kube::Response unknown_type();      // no such group or version
kube::Response unknown_resource();  // nothing of that name in a known one
kube::Response already_exists(const Resource& resource, std::string_view name, bool deleting);
kube::Response conflict(const Resource& resource, std::string_view name, std::string_view why);
kube::Response modified(const Resource& resource, std::string_view name);
// of: what the message names, "Deployment.apps"
kube::Response precondition_failed(const Resource& resource, std::string_view name,
                                   std::string_view why);
kube::Response invalid(const Resource& resource, std::string_view name, const Causes& causes);
kube::Response bad_request(std::string_view message);
kube::Response failure(int code, std::string_view reason, std::string_view message);
kube::Response unsupported_media_type(std::string_view accepted);
kube::Response inapplicable_patch();      // a JSON patch whose operations do not fit
kube::Response unsupported_patch_type();  // of Kubernetes' own types
kube::Response method_not_allowed();
kube::Response namespace_missing(std::string_view name);
kube::Response namespace_terminating(const Resource& resource, std::string_view name,
                                     std::string_view namespace_name);
kube::Response apply_conflict(const Causes& causes, std::string_view message);
kube::Response deleted(const Resource& resource, std::string_view name, std::string_view uid);
kube::Response forbidden_request(const Resource& resource, std::string_view name,
                                 std::string_view why);
kube::Response expired(std::string_view message);
kube::Response too_large_version(std::uint64_t asked, std::uint64_t current);

}  // namespace sim
