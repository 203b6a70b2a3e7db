// A kube-apiserver in memory: what it answers, stores and tells watches is what Kubernetes 1.34
// does, as far as this project asks it; tests/sim/differences.md lists what is known to differ and
// tests/sim/against_real holds it to a real one. No threads, no waiting, no time but the clock it
// is given: the same calls give the same bytes.
//
// It keeps generic JSON, so that fields this project does not know are kept as the real one does.
// One owner, a simulated world or a test; one thread.
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

// etcd's: one counter for all objects, written as metadata.resourceVersion.
using Revision = std::uint64_t;
inline constexpr Revision kLatest = std::numeric_limits<Revision>::max();

// What was read from an object already, one value of each type.
class Remembered {
 public:
  // The T, made when it is asked for first.
  template <class T, class Make>
  const T& get(const Make& make) const {
    static constexpr char kType = 0;  // its address is T's name
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

// One state of one object. Immutable.
struct Object {
  std::string plural;  // "deployments"
  api::ObjectKey key;
  std::string uid;
  Revision revision = 0;
  std::string text;  // the whole object, managedFields included, as it is answered
  Remembered remembered;
};
using ObjectPtr = std::shared_ptr<const Object>;

// One write that took effect.
struct Change {
  Revision revision = 0;
  std::string user;
  kube::Method method{};
  ObjectPtr before;  // null: there was none
  ObjectPtr after;   // null: there is none any more
};

// What is about to be stored.
struct Admission {
  std::string user;
  kube::Method method{};
  std::string subresource;  // "status" or empty
  ObjectPtr before;         // null: a creation
  ObjectPtr after;          // null: a deletion; its revision is not set yet
};

class Watch {
 public:
  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  virtual ~Watch() = default;

  // The next event with a revision of at most up_to, as one line without its end; null when there
  // is none (yet). The initial events and their closing bookmark come first. An ERROR event (410
  // Expired) when what is next has been compacted; then the watch is over.
  virtual std::shared_ptr<const std::string> next(Revision up_to) = 0;

  // A BOOKMARK event at up_to, but no older than what next() gave.
  virtual std::string bookmark(Revision up_to) = 0;
};

struct OpenedWatch {
  kube::Response head;           // with a body only when the status is not 200
  std::unique_ptr<Watch> watch;  // only when it is 200
};

class ApiServer {
 public:
  using WallClock = std::function<base::Time()>;

  // seed: of uids and of the node ports that it draws.
  ApiServer(WallClock wall, std::uint64_t seed);
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;
  ~ApiServer();

  // One exchange but a watch. user: who asks.
  kube::Response handle(const kube::Request& request, std::string_view user);

  // Opens a watch; as_of: the state that a lagging server has seen, for the initial events.
  OpenedWatch watch(const kube::Request& request, Revision as_of = kLatest);

  // Asked before something is stored or deleted: an answer refuses it.
  std::function<std::optional<kube::Response>(const Admission&)> admit;

  // Asked before a write is checked, as a mutating webhook is: gives what the object shall be
  // instead, as JSON; nothing: it stays.
  std::function<std::optional<std::string>(const Admission&)> mutate;

  // Told of each write that took effect, in order, before it is answered.
  std::function<void(const Change&)> on_change;

  // What admission gives a claim that names no class; empty: the cluster has no default.
  std::string default_storage_class;
  std::vector<std::string> fixed_storage_classes;  // those whose claims cannot grow

  Revision revision() const;  // of the last write

  // Forgets what happened up to then: watches from there and from before get 410.
  void compact(Revision up_to);

  // What is stored now; null: nothing. plural as in URLs.
  ObjectPtr find(std::string_view plural, const api::ObjectKey& key) const;
  std::vector<ObjectPtr> all(std::string_view plural) const;  // by namespace and name

  // A controller's view of owners: the objects whose ownerReferences name that uid.
  std::vector<ObjectPtr> owned_by(std::string_view uid) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sim
