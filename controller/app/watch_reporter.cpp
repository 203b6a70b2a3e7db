#include "app/watch_reporter.h"

#include <algorithm>

namespace app {

void WatchReporter::waiting(const api::ResourceType& type, const std::string& what) {
  if (what.empty()) {
    if (causes_.erase(type.plural) > 0 && causes_.empty()) logger_.info("watching again");
    return;
  }
  const bool is_known = std::any_of(causes_.begin(), causes_.end(),
                                    [&](const auto& cause) { return cause.second == what; });
  causes_[type.plural] = what;
  if (is_known) return;
  logger_.warning("cannot watch", {{"resource", std::string(type.plural)}, {"waiting_for", what}});
}

}  // namespace app
