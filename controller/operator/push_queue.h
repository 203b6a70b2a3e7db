// A queue of push checks, which decides which one runs next. It is fair between namespaces, and
// bounded for each namespace, for each registry and as a whole.
//
// Guarantees
//  * Namespaces take turns: while the first question of a namespace waits for nothing but its turn,
//    every other namespace begins at most one check.
//  * At most bounds.running checks run: of one namespace at most bounds.running_of_namespace, at
//    one host at most bounds.running_of_host.
//  * At most bounds.waiting questions wait; of one namespace at most bounds.waiting_of_namespace.
// It uses no clock and does no IO. One owner, PushChecks; used on the thread of the io_context
// only.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>

#include "api/meta.h"
#include "base/limits.h"

namespace controller {

struct PushQueueBounds {
  std::size_t running = limits::kPushChecks;
  std::size_t running_of_namespace = limits::kPushChecksPerNamespace;
  std::size_t running_of_host = limits::kPushChecksPerHost;
  std::size_t waiting = limits::kPushQuestions;
  std::size_t waiting_of_namespace = limits::kPushQuestionsPerNamespace;
};

// The question whether an image of a LocalRegistry can be pushed to its own registry.
struct PushQuestion {
  api::ObjectKey resource;
  std::string image;  // its name in spec.images
  std::string host;   // of its registry

  bool operator==(const PushQuestion&) const = default;
};

class PushQueue {
 public:
  explicit PushQueue(PushQueueBounds bounds = {}) : bounds_(bounds) {}

  // Returns false when there is no room for the question. The caller must not add a question twice.
  bool add(PushQuestion question);

  // Removes the question; returns false when it does not wait.
  bool remove(const PushQuestion& question);

  // Returns the next question; nullopt when none may run now. It counts as running until done() is
  // called with it.
  std::optional<PushQuestion> next();
  void done(const PushQuestion& question);

  void clear();

  std::size_t waiting() const { return waiting_; }
  std::size_t running() const { return running_; }

 private:
  struct Host {
    std::string name;
    std::deque<PushQuestion> questions;  // never empty
  };
  struct Namespace {
    std::string name;
    std::list<Host> hosts;  // the next one in front; never empty
    std::size_t waiting = 0;
  };
  using Turn = std::list<Namespace>::iterator;

  void drop_if_empty(Turn turn, std::list<Host>::iterator host);

  PushQueueBounds bounds_;
  std::list<Namespace> turns_;           // the next one in front
  std::map<std::string, Turn> by_name_;  // in turns_
  std::map<std::string, std::size_t> running_of_namespace_;
  std::map<std::string, std::size_t> running_of_host_;
  std::size_t waiting_ = 0;
  std::size_t running_ = 0;
};

}  // namespace controller
