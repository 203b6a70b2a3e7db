// Classifies the messages with which the API server and its admission plugins refuse a request. A
// metav1.Status has no field for these causes, so the text decides. The texts come from the sources
// of Kubernetes. All functions are pure and can be called on any thread.
#pragma once

#include <string_view>

namespace api {

// Why admission refused to create an object.
enum class AdmissionRefusal {
  kNone,         // the text names no refusal
  kQuota,        // the admission plugin ResourceQuota
  kPodSecurity,  // the admission plugin PodSecurity
  kOther,        // another plugin, a policy or RBAC
};
AdmissionRefusal admission_refusal_in(std::string_view message);

// Returns whether a policy, quota or webhook refused the request. The HTTP status does not show
// this: a ValidatingAdmissionPolicy uses 422 by default, as validation errors do. But the object is
// valid, and a later request may be accepted. A validation error can quote any text, but its
// message begins in another way.
bool is_refused_by_admission(std::string_view message);

// Returns whether two ports of one Service have the same node port. The API server reports this as
// an internal error, but the cause is the Service, so a retry does not help.
bool is_duplicate_node_port(std::string_view message);

// Returns whether another Service has the node port. The API server reports a Service as deleted
// before it releases the Service's node port. So for a moment, the API server may refuse the
// previous port to a recreated Service.
bool is_node_port_allocated(std::string_view message);

// Returns whether the node port is outside of the API server's --service-node-port-range.
bool is_node_port_out_of_range(std::string_view message);

}  // namespace api
