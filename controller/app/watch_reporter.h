// A WatchReporter logs why watches fail, and forwards restarts and malformed objects to another
// observer, which counts them for the metrics.
//
// While several watches fail for the same cause, such as an API server that is down, it logs the
// cause only once. One owner. Used on the thread of the io_context only.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/log.h"
#include "kube/watch/watcher.h"

namespace app {

class WatchReporter final : public kube::WatchObserver {
 public:
  // `logger` and `counter` must outlive this object.
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
  std::map<std::string_view, std::string> causes_;  // by plural name, a string literal
};

}  // namespace app
