// The only place that builds the paths, queries and bodies of requests to the API server. Pure
// functions of values; any thread. Whatever goes into a path or a query is percent-encoded.
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

// Owner of what is applied (metadata.managedFields), and author of every other write.
inline constexpr std::string_view kFieldManager = "local-registry-operator";

enum class Subresource { kNone, kStatus };

struct ListOptions {
  std::string namespace_name = {};  // empty: all namespaces, or a type that has none
  std::string label_selector = {};
  std::string field_selector = {};
  int limit = 0;                    // objects in one answer; 0: all of them
  std::string continue_token = {};  // of the page before
};

struct WatchOptions {
  std::string namespace_name = {};  // empty: all namespaces, or a type that has none
  std::string label_selector = {};
  std::string field_selector = {};
  std::string resource_version = {};  // where to go on; empty with send_initial_events
  bool send_initial_events = false;   // the list first, as ADDED events (KEP-3157)
  std::chrono::seconds timeout{};     // after which the server ends the watch
};

// What has to hold for a delete to happen; empty: anything.
struct Preconditions {
  std::string uid = {};
  std::string resource_version =
      {};  // for what holds data: nobody touched it since it was looked at
};

// What becomes of the dependents of a deleted object.
enum class Propagation { kBackground, kForeground, kOrphan };

// The state that an apply expects. One of them has to be chosen, so that a foreign object is never
// taken over by accident.
class ApplyGuard {
 public:
  // No object has this name. Otherwise the answer is kConflict.
  static ApplyGuard create_only() { return ApplyGuard({}); }

  // The object has this uid. When it is gone, or another one has its name: kConflict. uid is not
  // empty.
  static ApplyGuard uid(std::string uid) { return ApplyGuard(std::move(uid)); }

  // The object is what was read: its uid and its resourceVersion. Otherwise kConflict. Neither is
  // empty.
  static ApplyGuard unchanged(const api::ObjectMeta& read) {
    return ApplyGuard(read.uid, read.resource_version);
  }

  // Sets what makes the API server check it: metadata.uid, metadata.resourceVersion, or both; one
  // that no object has for what is to be created.
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

// Server-side apply, forced. body is the whole object, as api::encode_object writes it.
Request apply_request(const api::ResourceType& type, const api::ObjectKey& key,
                      Subresource subresource, std::string body);

// JSON merge patch (RFC 7386).
Request merge_patch_request(const api::ResourceType& type, const api::ObjectKey& key,
                            Subresource subresource, std::string body);

Request create_request(const api::ResourceType& type, std::string_view namespace_name,
                       std::string body);

Request delete_request(const api::ResourceType& type, const api::ObjectKey& key,
                       const Preconditions& preconditions, Propagation propagation);

// The merge patch that replaces the finalizers of the object that meta is of; refused with
// kConflict when the object is another one or has changed since.
std::string finalizers_patch(const api::ObjectMeta& meta, std::vector<std::string> finalizers);

}  // namespace kube
