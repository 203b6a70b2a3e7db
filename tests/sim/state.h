// The inside of the simulated API server: what it stores, and the steps that its writes share.
// One owner, ApiServer; one thread.
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

using Refusal = std::optional<kube::Response>;  // nothing: go on

// An object, apart from its managedFields. Immutable once stored.
struct Content {
  Document value;
  Managers managers;
  std::string managers_text;  // JSON
  // What is stored of a new claim is not what storing it again would give: the next write takes
  // effect though nothing in it differs. The real server does this.
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
  Stored before;  // without an object: there was none
  Stored after;
  // The lines that watches get, made when the first asks.
  std::shared_ptr<const std::string> added, modified, deleted;
};

struct Collection {
  const Resource* resource = nullptr;
  std::map<api::ObjectKey, Stored> objects;
  std::deque<StoredEvent> events;
  std::uint64_t dropped = 0;  // events that have been compacted
};

// What a collection held at a revision that is not compacted.
std::map<api::ObjectKey, Stored> state_at(const Collection& collection, Revision revision);

// One exchange.
struct Call {
  const kube::Request& request;
  std::string user;
  Target target;
  Collection& collection;
  std::string now;  // as metav1.Time

  const Resource& resource() const { return *target.resource; }
  api::ObjectKey key() const { return {target.namespace_name, target.name}; }
  bool is_status() const { return target.subresource == "status"; }
  Manager writer(std::string_view operation) const;  // who this call makes an owner
};

// 409 of the storage itself. what: "UID" or "ResourceVersion".
kube::Response storage_precondition_failed(const Call& call, std::string_view what,
                                           std::string_view asked, std::string_view actual);

// The JSON text of an object, with another resourceVersion if one is given.
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

  // Writing: each ends in store() or erase(), or refuses.
  kube::Response create(const Call& call);
  kube::Response create(const Call& call, Content& draft);
  kube::Response replace(const Call& call);
  kube::Response patch(const Call& call, PatchKind kind);
  kube::Response apply(const Call& call);
  kube::Response remove(const Call& call);
  kube::Response bind(const Call& call);  // a pod to a node

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
  // By uid of the owner: plural and key of what it owns.
  std::map<std::string, std::set<std::pair<std::string, api::ObjectKey>>, std::less<>> owned;
  ServiceAddresses addresses;
};

}  // namespace sim
