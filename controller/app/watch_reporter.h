// A WatchReporter logs why watches fail, and passes what metrics count on to another observer.
//
// It logs each cause only once: an API server that is down stops all watches for the same cause.
// One owner. Used on the thread of the io_context only.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/log.h"
#include "kube/watch/watcher.h"

namespace app {

class WatchReporter final : public kube::WatchObserver {
 public:
  // `logger` and `counter`, which counts restarts and malformed objects, must outlive this object.
  WatchReporter(base::Logger& logger, kube::WatchObserver& counter)
      : logger_(logger), counter_(counter) {}

  void restarted(const api::ResourceType& type, kube::RestartReason reason) override {
    counter_.restarted(type, reason);
  }
  void malformed(const api::ResourceType& type) override { counter_.malformed(type); }
  void waiting(const api::ResourceType& type, const std::string& what) override;

 private:
  base::Logger& logger_;
  kube::WatchObserver& counter_;
  std::map<std::string_view, std::string> causes_;  // key: plural name, a string literal
};

}  // namespace app
