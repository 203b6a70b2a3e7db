// A queue of push checks, which decides which check runs next. It is fair between namespaces. The
// number of checks is limited for each namespace, for each registry and in total.
//
// Guarantees
//  * Namespaces take turns: while no limit holds back the first queued check of a namespace, every
//    other namespace begins at most one check before it.
//  * At most bounds.running checks run. Of these, at most bounds.running_of_namespace belong to one
//    namespace, and at most bounds.running_of_host contact one host.
//  * At most bounds.waiting checks are queued. Of these, at most bounds.waiting_of_namespace belong
//    to one namespace.
// A PushQueue uses no clock and does no IO. One owner, PushChecks; used on the thread of the
// io_context only.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>

#include "api/meta.h"
#include "base/limits.h"
#include "operator/counts.h"

namespace controller {

struct PushQueueBounds {
  std::size_t running = limits::kPushChecks;
  std::size_t running_of_namespace = limits::kPushChecksPerNamespace;
  std::size_t running_of_host = limits::kPushChecksPerHost;
  std::size_t waiting = limits::kQueuedPushChecks;
  std::size_t waiting_of_namespace = limits::kQueuedPushChecksPerNamespace;
};

// A request to check whether an image of a LocalRegistry can be pushed to its own registry.
struct PushCheckRequest {
  api::ObjectKey resource;
  std::string image;  // its name in spec.images
  std::string host;   // of its registry

  bool operator==(const PushCheckRequest&) const = default;
};

class PushQueue {
 public:
  explicit PushQueue(PushQueueBounds bounds = {}) : bounds_(bounds) {}

  // Returns false when a limit of queued checks is reached. The caller must not add a check twice.
  bool add(PushCheckRequest request);

  // Removes a queued check. Returns false if it is not queued.
  bool remove(const PushCheckRequest& request);

  // Returns the next check; nullopt when no check may run now. The check counts as running until
  // the caller passes it to done().
  std::optional<PushCheckRequest> next();
  void done(const PushCheckRequest& request);

  void clear();

  std::size_t waiting() const { return waiting_; }
  std::size_t running() const { return running_of_namespace_.total(); }

 private:
  struct Host {
    std::string name;
    std::deque<PushCheckRequest> requests;  // never empty
  };
  struct Namespace {
    std::string name;
    std::list<Host> hosts;  // never empty; the front one is next
    std::size_t waiting = 0;
  };
  using Turn = std::list<Namespace>::iterator;

  void drop_if_empty(Turn turn, std::list<Host>::iterator host);

  PushQueueBounds bounds_;
  std::list<Namespace> turns_;           // the front one is next
  std::map<std::string, Turn> by_name_;  // the elements of turns_
  Counts running_of_namespace_;
  Counts running_of_host_;
  std::size_t waiting_ = 0;
};

}  // namespace controller
