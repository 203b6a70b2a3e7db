#include "sim/replica.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include "base/limits.h"
#include "kube/parallel.h"
#include "reconcile/names.h"

namespace sim {
namespace {

namespace asio = boost::asio;

constexpr const char* kNamespace = "local-registry-operator";

}  // namespace

Replica::Replica(LinkHost host, Link& link, ReplicaOptions options, std::uint64_t seed)
    : host_(host),
      link_(link),
      options_(std::move(options)),
      clock_(host.scheduler, options_.clock_rate, options_.wall_offset),
      random_(seed),
      logger_(base::Logger::silent()),
      metrics_("sim"),
      executor_(host.scheduler.executor()) {
  environment_.emplace(kube::Environment{executor_, kube::Client(link_), clock_, random_, logger_});
  caches_.emplace(*environment_, std::vector<std::string>(), nullptr);
  events_.emplace(*environment_, options_.name);
  checker_.emplace(executor_, clock_);
  controller_.emplace(*environment_, *caches_, *events_, metrics_, *checker_, options_.workers);
  if (options_.leader_elect) {
    kube::LeaderElectionOptions election;
    election.lease = {kNamespace, std::string(reconcile::kManager)};
    election.identity = options_.name + "_" + random_.name_suffix(8);
    election_.emplace(*environment_, election);
  }
  asio::co_spawn(executor_, live(),
                 asio::bind_cancellation_slot(cancel_.slot(), [this](std::exception_ptr thrown) {
                   done_ = true;
                   thrown_ = std::move(thrown);
                 }));
}

Replica::~Replica() = default;

void Replica::stop() {
  stopped_ = true;
  if (started_) cancel_.emit(asio::cancellation_type::terminal);
}

void Replica::crash() {
  crashed_ = true;
  link_.die();
  stop();
}

bool Replica::leading() const {
  if (crashed_ || done_) return false;
  return election_ ? election_->leading() : true;
}

bool Replica::holds_foreign_objects() const {
  const auto is_foreign = [](const auto& cache) {
    bool found = false;
    cache.store().each(
        [&](const auto& object) { found = found || !reconcile::is_managed(object->metadata); });
    return found;
  };
  bool holds = is_foreign(caches_->pods);
  caches_->each_children_cache([&](const auto& cache) { holds = holds || is_foreign(cache); });
  return holds;
}

bool Replica::holds_foreign_annotations() const {
  bool found = false;
  const auto look = [&](const auto& store) {
    store.each([&](const auto& object) {
      for (const auto& [key, value] : object->metadata.annotations) {
        found = found || !key.starts_with("localregistry.dev/");
      }
    });
  };
  look(caches_->registries.store());
  look(caches_->namespaces.store());
  caches_->each_children_cache([&](const auto& cache) { look(cache.store()); });
  look(caches_->pods.store());
  return found;
}

std::string Replica::failure() const {
  if (!done_ || crashed_) return "";
  try {
    if (thrown_) std::rethrow_exception(thrown_);
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted ? "" : error.what();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "it ended by itself";
}

asio::awaitable<void> Replica::elect_and_lead() {
  if (!election_) {
    co_await controller_->run();
    co_return;
  }
  co_await election_->run([this] { return controller_->run(); });
}

asio::awaitable<void> Replica::live() {
  // Asio does not report a cancellation to a coroutine that has not started.
  started_ = true;
  if (stopped_) throw boost::system::system_error(asio::error::operation_aborted);
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(caches_->run());
  branches.push_back(events_->run());
  branches.push_back(elect_and_lead());
  std::exception_ptr thrown;
  try {
    co_await kube::run_until_one_ends(std::move(branches));
  } catch (...) {
    thrown = std::current_exception();
  }
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  if (!crashed_) co_await events_->flush(limits::kEventFlush);
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace sim
