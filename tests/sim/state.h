// This file declares the internal state of the simulated API server: the stored objects, and the
// steps that its writes share. Owned by ApiServer; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/answers.h"
#include "sim/api_server.h"
#include "sim/managed_fields.h"
#include "sim/service_addresses.h"
#include "sim/target.h"

namespace sim {

enum class PatchKind { kMerge, kJson };

using Refusal = std::optional<kube::Response>;  // nullopt: the request is not refused

// An object without its managedFields. It is immutable once it is stored.
struct Content {
  Document value;
  Managers managers;
  std::string managers_text;  // JSON
  // True for a new PVC: it is stored in a form that another write would change, so its next write
  // takes effect even if it changes nothing. A kube-apiserver behaves the same.
  bool unsettled = false;

  Content() = default;
  Content(const Content& other);
  Content& operator=(const Content&) = delete;
};
using ContentPtr = std::shared_ptr<const Content>;

struct Stored {
  ObjectPtr object;
  ContentPtr content;
};

struct StoredEvent {
  Revision revision = 0;
  Stored before;  // without an object for a creation
  Stored after;
  // The lines for the watches; the first watch that needs one makes it.
  std::shared_ptr<const std::string> added, modified, deleted;
};

struct Collection {
  const Resource* resource = nullptr;
  std::map<api::ObjectKey, Stored> objects;
  std::deque<StoredEvent> events;
  std::uint64_t dropped = 0;  // number of events that were compacted
};

// Returns the objects of a collection at a revision that is not compacted.
std::map<api::ObjectKey, Stored> state_at(const Collection& collection, Revision revision);

// One request with its target and the time at which it is handled.
struct Call {
  const kube::Request& request;
  std::string user;
  Target target;
  Collection& collection;
  std::string now;  // in the format of metav1.Time

  const Resource& resource() const { return *target.resource; }
  api::ObjectKey key() const { return {target.namespace_name, target.name}; }
  bool is_status() const { return target.subresource == "status"; }
  Manager writer(std::string_view operation) const;  // the manager as which this call writes
};

// Returns a 409 of the storage layer. `what` is "UID" or "ResourceVersion".
kube::Response storage_precondition_failed(const Call& call, std::string_view what,
                                           std::string_view asked, std::string_view actual);

// Returns the JSON text of an object. `resource_version` replaces the stored one unless it is
// empty.
std::string text_of(const Resource& resource, const Content& content,
                    std::string_view resource_version = {});

struct ApiServer::State {
  State(WallClock wall_clock, std::uint64_t seed);

  kube::Response handle(const kube::Request& request, std::string_view user);

  // Reading.
  Collection* collection_of(std::string_view plural);
  const Stored* find_stored(std::string_view plural, const api::ObjectKey& key);
  kube::Response get(const Call& call);
  kube::Response list(const Call& call);

  // Writing: each of these functions ends in store() or erase(), or refuses the request.
  kube::Response create(const Call& call);
  kube::Response create(const Call& call, Content& draft);
  kube::Response replace(const Call& call);
  kube::Response patch(const Call& call, PatchKind kind);
  kube::Response apply(const Call& call);
  kube::Response remove(const Call& call);
  kube::Response bind(const Call& call);  // binds a pod to a node

  kube::Response finish_create(const Call& call, Content& draft);
  kube::Response finish_update(const Call& call, const Stored& before, Content& draft);
  kube::Response finish_deletion(const Call& call, const Stored& before, Content& draft);

  Refusal check_namespace(const Call& call, std::string_view name);
  Refusal check_new(const Call& call, const Content& draft);
  Refusal check_update(const Call& call, const Stored& before, const Content& draft);
  Refusal check_expansion(const Call& call, const Value& object, const Value& before);
  void admit_new(const Resource& resource, Content& draft);
  void prepare_new(const Call& call, Content& draft);
  Admission admission_of(const Call& call, const Stored* before, const Content* draft) const;
  Refusal ask_admit(const Call& call, const Stored* before, const Content* draft);
  Refusal ask_mutate(const Call& call, const Stored* before, Content& draft);

  ObjectPtr store(const Call& call, const Stored* before, Content& draft);
  void erase(const Call& call, const Stored& before);
  void index_owners(const Object& object, const Content& content, bool present);
  void tell(const Call& call, const StoredEvent& event);

  std::string new_uid();
  std::string now() const;

  ApiServer* server = nullptr;
  WallClock wall;
  std::mt19937_64 random;
  Revision revision = 1;
  Revision compacted = 0;
  std::map<std::string, Collection, std::less<>> collections;
  // By uid of the owner: plural and key of the objects that it owns.
  std::map<std::string, std::set<std::pair<std::string, api::ObjectKey>>, std::less<>> owned;
  ServiceAddresses addresses;
};

}  // namespace sim
