// This file alone builds the paths, queries and bodies of requests to the API server. Every value
// in a path or a query is percent-encoded. The functions are pure and can be called on any thread.
//
// Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/meta.h"
#include "base/limits.h"
#include "kube/transport.h"

namespace kube {

// Every write has this fieldManager, which appears in metadata.managedFields.
inline constexpr std::string_view kFieldManager = "local-registry-operator";

enum class Subresource { kNone, kStatus };

struct ListOptions {
  std::string namespace_name = {};  // empty: all namespaces, or a cluster-scoped type
  std::string label_selector = {};
  std::string field_selector = {};
  int limit = 0;                    // objects in one page; 0: all of them
  std::string continue_token = {};  // ListMeta::continue_token of the previous page
};

struct WatchOptions {
  std::string namespace_name = {};  // empty: all namespaces, or a cluster-scoped type
  std::string label_selector = {};
  std::string field_selector = {};
  std::string resource_version = {};  // where to continue; empty with send_initial_events
  bool send_initial_events = false;   // begin with the list, as ADDED events (KEP-3157)
  std::chrono::seconds timeout{};     // the server ends the watch after this time
};

// The API server deletes an object only if these preconditions hold. An empty one is not checked.
struct Preconditions {
  std::string uid = {};
  std::string resource_version = {};  // to be set for objects that hold data, such as PVCs
};

// Propagation decides what happens to the dependents of a deleted object (propagationPolicy).
enum class Propagation { kBackground, kForeground, kOrphan };

// An ApplyGuard is the state of the object that an apply expects. Every apply has a guard, so that
// no foreign object is taken over by accident.
class ApplyGuard {
 public:
  // Expects that no object has this name; otherwise kConflict.
  static ApplyGuard create_only() { return ApplyGuard({}); }

  // Expects that the object has this uid, which must not be empty. kConflict: the object does not
  // exist, or another object has its name.
  static ApplyGuard uid(std::string uid) { return ApplyGuard(std::move(uid)); }

  // Expects the uid and resourceVersion of `read`; both must be set. kConflict: the object has
  // another uid or resourceVersion, or does not exist.
  static ApplyGuard unchanged(const api::ObjectMeta& read) {
    return ApplyGuard(read.uid, read.resource_version);
  }

  // Sets the metadata that makes the API server check the guard: the uid, the uid and the
  // resourceVersion, or, for a create, a resourceVersion that no object has.
  void write_to(api::ObjectMeta& meta) const;

 private:
  explicit ApplyGuard(std::string uid, std::string version = {})
      : uid_(std::move(uid)), version_(std::move(version)) {}

  std::string uid_;
  std::string version_;
};

Request get_request(const api::ResourceType& type, const api::ObjectKey& key);
Request list_request(const api::ResourceType& type, const ListOptions& options);
Request watch_request(const api::ResourceType& type, const WatchOptions& options);

// Returns a server-side apply with force. `body` is the whole object (api::encode_object()).
Request apply_request(const api::ResourceType& type, const api::ObjectKey& key,
                      Subresource subresource, std::string body);

// Returns a JSON merge patch (RFC 7386).
Request merge_patch_request(const api::ResourceType& type, const api::ObjectKey& key,
                            Subresource subresource, std::string body);

Request create_request(const api::ResourceType& type, std::string_view namespace_name,
                       std::string body);

Request delete_request(const api::ResourceType& type, const api::ObjectKey& key,
                       const Preconditions& preconditions, Propagation propagation);

// Returns the merge patch that replaces the finalizers of the object with this metadata. The API
// server rejects the patch (kConflict) when the object was recreated or has changed since.
std::string finalizers_patch(const api::ObjectMeta& meta, std::vector<std::string> finalizers);

}  // namespace kube
