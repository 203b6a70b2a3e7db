// Checks in the background whether images can be pushed to their own registries (push checks), and
// keeps the answers.
//
// Guarantees
//  * An answer belongs to one generation of one LocalRegistry. After a change of the spec the check
//    is repeated.
//  * A check that the current spec no longer needs is dropped: it leaves the queue or, if it runs,
//    is cancelled. A check that the current spec still needs keeps its position in the queue.
//  * At most one check runs at a time for one image of a LocalRegistry. PushQueue decides the order
//    of the checks.
//  * An answer of Unknown or Denied has a time for the next check (PushCheck::next).
// Assumptions
//  * The callback `changed` causes another gather() for the LocalRegistry.
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
#include "async/task_group.h"
#include "base/backoff.h"
#include "kube/environment.h"
#include "operator/push/push_queue.h"
#include "reconcile/observed.h"
#include "registry/push_checker.h"

namespace controller {

class PushChecks {
 public:
  using Changed = std::function<void(const api::ObjectKey&)>;

  // `checker` must outlive this object. `changed` is called after every answer.
  PushChecks(const kube::Environment& environment, registry::PushChecker& checker, Changed changed);
  PushChecks(const PushChecks&) = delete;
  PushChecks& operator=(const PushChecks&) = delete;

  // Runs the started checks until it is cancelled; then drops all checks and answers. It may be
  // called again after that.
  boost::asio::awaitable<void> run();

  // Queues checks of these images for the current generation of the LocalRegistry. Does nothing
  // while run() does not run. If a limit is reached, the image gets a time for the next try
  // (PushCheck::next).
  void start(const api::LocalRegistry& registry, const std::vector<std::string>& images);

  // Returns the running checks and the answers for the current generation of the LocalRegistry.
  std::vector<reconcile::PushCheck> of(const api::LocalRegistry& registry) const;

  // Drops the checks that the current spec of this LocalRegistry no longer needs.
  void update(const api::LocalRegistry& registry);

  // Drops the checks and answers of a LocalRegistry that is gone.
  void forget(const api::ObjectKey& key);

  const PushQueue& queue() const { return queue_; }

 private:
  struct Entry {
    reconcile::PushCheck check;
    base::Backoff backoff{limits::kPushRetry};
    std::string image;                  // the reference in the spec
    PushCheckRequest request;           // valid while check.running
    std::uint64_t check_number = 0;     // number of the running check; 0: the check is queued
    async::TaskGroup::TaskId task = 0;  // the task of the running check
  };

  // The checks and answers of one generation of one LocalRegistry.
  struct Checks {
    std::string uid;
    std::int64_t generation = 0;
    std::vector<api::LocalObjectReference> secrets;  // spec.pushSecrets
    std::map<std::string, Entry> entries;            // key: name of the image
    // When to retry the images that have no entry because a limit was reached; nullopt: all images
    // have an entry.
    std::optional<base::Time> full_until;
  };

  struct AtEnd;
  struct RunningSlot;

  bool reserve(const std::string& namespace_name, std::size_t answers);
  void release(const std::string& namespace_name, std::size_t answers);
  bool enqueue_check(const api::ObjectKey& key, Checks& checks, const api::ImageSpec& image);
  Entry* find(const PushCheckRequest& request);
  void drop(Entry& entry);
  void drop_all(const api::ObjectKey& key, Checks& checks);
  void start_next_checks();
  void start_check(const PushCheckRequest& request);
  boost::asio::awaitable<void> run_check(PushCheckRequest request, std::uint64_t number);
  boost::asio::awaitable<registry::PushAnswer> answer(
      std::string image, std::string namespace_name,
      std::vector<api::LocalObjectReference> secrets);
  boost::asio::awaitable<base::Result<std::optional<registry::Credentials>>> find_credentials(
      std::string namespace_name, std::vector<api::LocalObjectReference> secrets,
      api::ImageReference reference);
  void record(const PushCheckRequest& request, std::uint64_t number, registry::PushAnswer answer);

  kube::Environment environment_;
  registry::PushChecker& checker_;
  Changed changed_;
  PushQueue queue_;
  // By namespace: the number of entries, plus the number of Secret names in all Checks that have
  // entries.
  Counts answers_;
  std::uint64_t checks_started_ = 0;  // checks begun so far
  bool starting_ = false;             // true while start_next_checks() runs
  std::map<api::ObjectKey, Checks> table_;
  std::unique_ptr<async::TaskGroup> group_;  // null unless run() runs
};

}  // namespace controller
