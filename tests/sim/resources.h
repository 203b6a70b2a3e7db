// This file lists the types that the simulated API server serves, and how their writes differ. The
// data is immutable and can be used on any thread. Source: the strategies in the registries of
// Kubernetes 1.34.
#pragma once

#include <string>
#include <string_view>

#include "sim/field_set.h"

namespace sim {

struct Resource {
  std::string group;  // empty: the core group
  std::string version;
  std::string kind;
  std::string plural;
  bool namespaced = true;
  bool has_status = false;
  bool custom = false;
  bool counts_generations = false;
  bool answers_deleted = false;       // a delete answers with the object, not with a Status
  bool creates_by_replacing = false;  // PUT creates an object that does not exist
  bool updates_unversioned = true;    // PUT needs no resourceVersion
  const Schema* schema = nullptr;
  FieldSet reset_by_main;    // fields that a write of the object cannot change
  FieldSet reset_by_status;  // fields that a write of its status cannot change

  std::string api_version() const;
  std::string qualified_plural() const;  // "deployments.apps"
  std::string qualified_kind() const;    // "Deployment.apps"
};

// Returns the type; null if it is not served. `version` is without the group, such as "v1".
const Resource* find_resource(std::string_view group, std::string_view version,
                              std::string_view plural);
const Resource* find_resource(std::string_view plural);

}  // namespace sim
