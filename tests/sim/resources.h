// The types that the simulated API server serves, and how their kinds of write differ.
// Source: the strategies in the registries of Kubernetes 1.34. Immutable; any thread.
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
  bool creates_by_replacing = false;  // PUT makes what is not there
  bool updates_unversioned = true;    // PUT without resourceVersion
  const Schema* schema = nullptr;
  FieldSet reset_by_main;    // fields that a write of the object leaves as they are
  FieldSet reset_by_status;  // and one of its status

  std::string api_version() const;
  std::string qualified_plural() const;  // "deployments.apps"
  std::string qualified_kind() const;    // "Deployment.apps"
};

// Null: no such type. version: "v1".
const Resource* find_resource(std::string_view group, std::string_view version,
                              std::string_view plural);
const Resource* find_resource(std::string_view plural);

}  // namespace sim
