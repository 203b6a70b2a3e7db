// This file builds the refusals of the simulated API server, and its answers to deletions, as
// metav1.Status with the wording of a kube-apiserver. The functions are pure and can be called on
// any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kube/transport.h"
#include "sim/resources.h"

namespace sim {

struct Cause {
  std::string reason;  // such as "FieldValueInvalid"
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
kube::Response unknown_type();      // no such API group or version
kube::Response unknown_resource();  // a known group and version without this resource
kube::Response already_exists(const Resource& resource, std::string_view name, bool deleting);
kube::Response conflict(const Resource& resource, std::string_view name, std::string_view why);
kube::Response modified(const Resource& resource, std::string_view name);
// Names the object by its qualified kind in the message, such as "Deployment.apps".
kube::Response precondition_failed(const Resource& resource, std::string_view name,
                                   std::string_view why);
kube::Response invalid(const Resource& resource, std::string_view name, const Causes& causes);
kube::Response bad_request(std::string_view message);
kube::Response failure(int code, std::string_view reason, std::string_view message);
kube::Response unsupported_media_type(std::string_view accepted);
kube::Response inapplicable_patch();      // JSON patch operations that do not apply
kube::Response unsupported_patch_type();  // for a built-in type
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
