// Asks images' registries in the background whether they can be pushed, and remembers the answers.
//
// Guarantees
//  * An answer belongs to one generation of one resource: a changed spec is asked about anew.
//  * An image is never asked about twice at once; at most limits::kPushChecks are at the same time.
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
#include "net/semaphore.h"
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
  void start(const api::LocalRegistry& registry, const std::vector<std::string>& images);

  // What is known of the resource as it is.
  std::vector<reconcile::PushCheck> of(const api::LocalRegistry& registry) const;

  void forget(const api::ObjectKey& key);

 private:
  struct Entry {
    reconcile::PushCheck check;
    base::Backoff backoff;
  };

  // Of one generation of one resource.
  struct Checks {
    std::string uid;
    std::int64_t generation = 0;
    std::map<std::string, Entry> entries;  // by the image's name
  };

  // What is asked, as it was when it was started.
  struct Question {
    api::ObjectKey key;
    std::string uid;
    std::int64_t generation = 0;
    api::ImageSpec image;
    std::vector<api::LocalObjectReference> secrets;
  };

  struct AtEnd;

  boost::asio::awaitable<void> wait_forever();
  boost::asio::awaitable<void> ask(Question question);
  boost::asio::awaitable<registry::PushAnswer> answer(const Question& question);
  boost::asio::awaitable<base::Result<std::optional<registry::Credentials>>> find_credentials(
      const Question& question, api::ImageReference reference);
  void record(const Question& question, registry::PushAnswer answer);
  Checks* find(const api::ObjectKey& key, const std::string& uid, std::int64_t generation);

  kube::Environment environment_;
  registry::PushChecker& checker_;
  Changed changed_;
  net::Semaphore places_;
  std::map<api::ObjectKey, Checks> table_;
  std::unique_ptr<runtime::TaskGroup> group_;  // while run() runs
};

}  // namespace controller
