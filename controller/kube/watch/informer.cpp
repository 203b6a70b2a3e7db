#include "kube/watch/informer.h"

#include <fmt/core.h>

#include <algorithm>

#include "async/parallel.h"
#include "kube/status.h"

namespace kube {
namespace asio = boost::asio;

namespace {

WatchTarget target_of(WatchTarget target, const Scope& scope, const InformerOptions& options) {
  target.namespace_name = scope.namespace_name;
  target.label_selector = options.label_selector;
  if (!scope.name.empty()) target.field_selector = "metadata.name=" + scope.name;
  return target;
}

}  // namespace

// Passes the objects from the watcher of one scope to that scope's part of the store.
class InformerCore::Sink final : public WatchSink {
 public:
  Sink(StoreCore& store, std::size_t scope, async::Signal& listed, base::Logger& logger,
       std::string_view plural)
      : store_(store), scope_(scope), listed_(listed), logger_(logger), plural_(plural) {}

  void begin_relist() override { store_.begin_relist(scope_); }
  base::Result<void> put(json::View object) override {
    base::Result<void> done = store_.put(scope_, object);
    warn();
    return done;
  }
  base::Result<void> erase(json::View object) override { return store_.erase(scope_, object); }
  void end_relist(std::uint64_t revision) override {
    store_.end_relist(scope_, revision);
    listed_.notify();
  }
  void progress(std::uint64_t revision) override { store_.progress(scope_, revision); }
  bool wants_relist() const override { return store_.wants_relist(); }

 private:
  // Logs a warning when the store begins to keep objects in part; the metrics show how many.
  void warn() {
    const bool is_short = store_.reduced() + store_.dropped() > 0;
    if (is_short && !is_short_) {
      logger_.warning(
          "the cache holds some objects only in part or not at all, because they are too large or "
          "too many; see the metrics localregistry_cache_reduced_objects and "
          "localregistry_cache_dropped_objects",
          {{"resource", std::string(plural_)}, {"bytes", std::to_string(store_.bytes())}});
    }
    is_short_ = is_short;
  }

  StoreCore& store_;
  std::size_t scope_;
  async::Signal& listed_;
  base::Logger& logger_;
  std::string_view plural_;
  bool is_short_ = false;
};

struct InformerCore::Part {
  Part(const Environment& environment, WatchTarget target, WatchObserver* observer,
       StoreCore& store, std::size_t scope, async::Signal& listed)
      : sink(store, scope, listed, environment.logger, target.type.plural),
        watcher(environment, std::move(target), sink, observer) {}

  Sink sink;
  Watcher watcher;
};

InformerCore::InformerCore(const Environment& environment, const WatchTarget& target,
                           const InformerOptions& options, WatchObserver* observer,
                           StoreCore& store)
    : type_(target.type), listed_(environment.executor) {
  for (std::size_t i = 0; i < options.scopes.size(); ++i) {
    parts_.push_back(std::make_unique<Part>(
        environment, target_of(target, options.scopes[i], options), observer, store, i, listed_));
  }
}

InformerCore::~InformerCore() = default;

asio::awaitable<void> InformerCore::run() {
  std::vector<asio::awaitable<void>> watchers;
  for (const std::unique_ptr<Part>& part : parts_) watchers.push_back(part->watcher.run());
  co_await async::run_until_one_ends(std::move(watchers));
}

bool InformerCore::synced() const {
  return std::all_of(parts_.begin(), parts_.end(),
                     [](const std::unique_ptr<Part>& part) { return part->watcher.synced(); });
}

asio::awaitable<void> InformerCore::wait_synced() {
  while (!synced()) co_await listed_.wait();
}

std::string InformerCore::waiting_for() const {
  for (const std::unique_ptr<Part>& part : parts_) {
    const Watcher& watcher = part->watcher;
    if (!watcher.waiting_for().empty()) {
      return fmt::format("waiting for {}: {}", type_.plural, watcher.waiting_for());
    }
    if (!watcher.synced()) return fmt::format("waiting for {}: not listed yet", type_.plural);
  }
  return "";
}

}  // namespace kube
