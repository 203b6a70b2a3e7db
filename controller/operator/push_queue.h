// The push checks that wait and those that run: which one is next. Fair between namespaces, bounded
// for each namespace, for each registry and as a whole.
//
// Guarantees
//  * Namespaces take turns: while the first question of a namespace waits for nothing but its turn,
//    every other namespace begins at most one check.
//  * At most bounds.running checks run; of one namespace and at one host at most those bounds.
//  * At most bounds.waiting questions wait; of one namespace at most bounds.waiting_of_namespace.
// A value without clock and IO. One owner, PushChecks; used on the thread of the io_context only.
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

// May this image of this LocalRegistry be pushed?
struct PushQuestion {
  api::ObjectKey resource;
  std::string image;  // its name in spec.images
  std::string host;   // of its registry

  bool operator==(const PushQuestion&) const = default;
};

class PushQueue {
 public:
  explicit PushQueue(PushQueueBounds bounds = {}) : bounds_(bounds) {}

  // False when there is no room for it. The caller adds no question twice.
  bool add(PushQuestion question);

  // Drops the question if it waits; false when it does not.
  bool remove(const PushQuestion& question);

  // The question whose turn it is. It counts as running until done() is called with it.
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
    std::list<Host> hosts;  // the one whose turn it is in front; never empty
    std::size_t waiting = 0;
  };
  using Turn = std::list<Namespace>::iterator;

  void drop_if_empty(Turn turn, std::list<Host>::iterator host);

  PushQueueBounds bounds_;
  std::list<Namespace> turns_;           // the one whose turn it is in front
  std::map<std::string, Turn> by_name_;  // in turns_
  std::map<std::string, std::size_t> running_of_namespace_;
  std::map<std::string, std::size_t> running_of_host_;
  std::size_t waiting_ = 0;
  std::size_t running_ = 0;
};

}  // namespace controller
