// Asks images' registries in the background whether they can be pushed, and remembers the answers.
//
// Guarantees
//  * An answer belongs to one generation of one resource: a changed spec is asked about anew.
//  * A question that the current spec no longer asks is dropped: it leaves the queue, and its check
//    is cancelled. A question that the current spec still asks keeps its place.
//  * An image is never asked about twice at once. PushQueue decides whose turn it is.
//  * An answer that is Unknown, or Denied, says when to ask again (PushCheck::next).
// Assumptions
//  * Who is told of a change gathers again.
// One owner, the controller. Used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/local_registry.h"
#include "base/backoff.h"
#include "kube/environment.h"
#include "operator/push_queue.h"
#include "reconcile/observed.h"
#include "registry/push_checker.h"
#include "runtime/task_group.h"

namespace controller {

class PushChecks {
 public:
  using Changed = std::function<void(const api::ObjectKey&)>;

  // checker outlives it. changed is called after every answer.
  PushChecks(const kube::Environment& environment, registry::PushChecker& checker, Changed changed);
  PushChecks(const PushChecks&) = delete;
  PushChecks& operator=(const PushChecks&) = delete;

  // Runs what is started until it is cancelled; forgets everything then. May be run again.
  boost::asio::awaitable<void> run();

  // Begins to ask about these images of the resource as it is; nothing while run() does not run.
  // An image for which there is no room gets a time to ask again (PushCheck::next).
  void start(const api::LocalRegistry& registry, const std::vector<std::string>& images);

  // What is known of the resource as it is.
  std::vector<reconcile::PushCheck> of(const api::LocalRegistry& registry) const;

  // Drops the questions that the current spec of this resource no longer asks.
  void update(const api::LocalRegistry& registry);

  // The resource is gone: drops its questions and answers.
  void forget(const api::ObjectKey& key);

  const PushQueue& queue() const { return queue_; }

 private:
  struct Entry {
    reconcile::PushCheck check;
    base::Backoff backoff{limits::kPushRetry};
    std::string image;                    // as in the spec that asks
    PushQuestion question;                // while check.running
    std::uint64_t asked = 0;              // the number of that check; 0: it waits
    runtime::TaskGroup::TaskId task = 0;  // which asks
  };

  // Of one generation of one resource.
  struct Checks {
    std::string uid;
    std::int64_t generation = 0;
    std::vector<api::LocalObjectReference> secrets;
    std::map<std::string, Entry> entries;  // by the image's name
    // There was no room for the images that have no entry: when to ask again.
    std::optional<base::Time> full_until;
  };

  struct AtEnd;
  struct Place;

  boost::asio::awaitable<void> wait_forever();
  bool reserve(const std::string& namespace_name, std::size_t answers);
  void release(const std::string& namespace_name, std::size_t answers);
  bool ask_about(const api::ObjectKey& key, Checks& checks, const api::ImageSpec& image);
  Entry* find(const PushQuestion& question);
  void drop(Entry& entry);
  void drop_all(const api::ObjectKey& key, Checks& checks);
  void ask_next();
  void begin(const PushQuestion& question);
  boost::asio::awaitable<void> ask(PushQuestion question, std::uint64_t number);
  boost::asio::awaitable<registry::PushAnswer> answer(
      std::string image, std::string namespace_name,
      std::vector<api::LocalObjectReference> secrets);
  boost::asio::awaitable<base::Result<std::optional<registry::Credentials>>> find_credentials(
      std::string namespace_name, std::vector<api::LocalObjectReference> secrets,
      api::ImageReference reference);
  void record(const PushQuestion& question, std::uint64_t number, registry::PushAnswer answer);

  kube::Environment environment_;
  registry::PushChecker& checker_;
  Changed changed_;
  PushQueue queue_;
  // Entries and the Secrets of Checks that have some; by namespace.
  std::map<std::string, std::size_t> answers_of_namespace_;
  std::size_t answers_ = 0;
  std::uint64_t asked_ = 0;  // so far
  bool asking_ = false;      // ask_next() runs
  std::map<api::ObjectKey, Checks> table_;
  std::unique_ptr<runtime::TaskGroup> group_;  // while run() runs
};

}  // namespace controller
