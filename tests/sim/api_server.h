// ApiServer simulates a kube-apiserver in memory. Its answers, its stored objects and its watch
// events are those of Kubernetes 1.34, as far as this project uses the API.
// tests/sim/differences.md lists the known differences, and tests/sim/against_real compares it with
// a real kube-apiserver. It has no threads, never waits, and gets the time only from the clock that
// it is given, so the same calls give the same bytes.
//
// It stores generic JSON, so that it keeps fields which this project does not know, as a
// kube-apiserver does. A simulated world or a test owns it and calls it from one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/meta.h"
#include "base/time.h"
#include "kube/transport.h"

namespace sim {

// One counter for all objects, as in etcd. An object has it as metadata.resourceVersion.
using Revision = std::uint64_t;
inline constexpr Revision kLatest = std::numeric_limits<Revision>::max();

// The typed values that were decoded from one object, at most one of each type.
class Remembered {
 public:
  // Returns the T of this object. The first call makes it by `make`.
  template <class T, class Make>
  const T& get(const Make& make) const {
    static constexpr char kType = 0;  // its address identifies T
    for (const auto& [type, value] : values_) {
      if (type == &kType) return *static_cast<const T*>(value.get());
    }
    auto made = std::make_shared<const T>(make());
    const T& result = *made;
    values_.emplace_back(&kType, std::move(made));
    return result;
  }

 private:
  mutable std::vector<std::pair<const void*, std::shared_ptr<const void>>> values_;
};

// One state of one object. It is immutable.
struct Object {
  std::string plural;  // "deployments"
  api::ObjectKey key;
  std::string uid;
  Revision revision = 0;
  std::string text;  // JSON of the whole object with managedFields, as in an answer
  Remembered remembered;
};
using ObjectPtr = std::shared_ptr<const Object>;

// One write that took effect.
struct Change {
  Revision revision = 0;
  std::string user;
  kube::Method method{};
  ObjectPtr before;  // null for a creation
  ObjectPtr after;   // null for a deletion
};

// A write that is about to be stored.
struct Admission {
  std::string user;
  kube::Method method{};
  std::string subresource;  // "status" or empty
  ObjectPtr before;         // null for a creation
  ObjectPtr after;          // null for a deletion; its revision is not set yet
};

class Watch {
 public:
  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  virtual ~Watch() = default;

  // Returns the next event with a revision of at most `up_to`, as one line without its newline;
  // null when there is none (yet). The initial events and the bookmark that closes them come first.
  // When the next event has been compacted, it returns an ERROR event (410 Expired), and then only
  // null.
  virtual std::shared_ptr<const std::string> next(Revision up_to) = 0;

  // Returns a BOOKMARK event with the revision `up_to`, or that of the last event if it is later.
  virtual std::string bookmark(Revision up_to) = 0;
};

struct OpenedWatch {
  kube::Response head;           // has a body only if the status is not 200
  std::unique_ptr<Watch> watch;  // null if the status is not 200
};

class ApiServer {
 public:
  using WallClock = std::function<base::Time()>;

  // `seed` decides the uids, the node ports and the cluster addresses that the server draws.
  ApiServer(WallClock wall, std::uint64_t seed);
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;
  ~ApiServer();

  base::Time wall() const;

  // Handles any request but a watch. `user` is the name of the client.
  kube::Response handle(const kube::Request& request, std::string_view user);

  // Opens a watch. `as_of` is the latest revision that it knows of, as in a server that lags: the
  // initial events are those of that state, and a later resourceVersion is refused.
  OpenedWatch watch(const kube::Request& request, Revision as_of = kLatest);

  // Called before an object is stored or deleted, as a validating admission plugin is. A returned
  // answer refuses the write.
  std::function<std::optional<kube::Response>(const Admission&)> admit;

  // Called before a creation or an update is validated, as a mutating webhook is, but not for a
  // status. Returns the changed object as JSON; nullopt leaves it unchanged.
  std::function<std::optional<std::string>(const Admission&)> mutate;

  // Called with each write that took effect, in their order, before the client gets its answer.
  std::function<void(const Change&)> on_change;

  // The class that a new PVC without a class gets; empty if the cluster has no default class.
  std::string default_storage_class;
  std::vector<std::string> fixed_storage_classes;  // classes whose PVCs cannot be expanded

  Revision revision() const;  // of the last write

  // Drops the events up to this revision. A watch that starts before it gets an ERROR event (410),
  // and so does an open watch that has not read them. The next page of a list as of this revision
  // or an earlier one is refused with 410.
  void compact(Revision up_to);

  // Returns the stored object; null when there is none. `plural` is the name in URLs.
  ObjectPtr find(std::string_view plural, const api::ObjectKey& key) const;
  std::vector<ObjectPtr> all(std::string_view plural) const;  // by namespace and name

  // Returns the objects whose ownerReferences contain this uid.
  std::vector<ObjectPtr> owned_by(std::string_view uid) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sim
