#include "sim/replica.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include "reconcile/children/names.h"

namespace sim {

namespace asio = boost::asio;

Replica::Replica(LinkHost host, Link& link, ReplicaOptions options, std::uint64_t seed)
    : process_(host.scheduler.add_process()),
      link_(link),
      options_(std::move(options)),
      clock_(host.scheduler, options_.clock_rate, options_.wall_offset),
      random_(seed),
      logger_(base::Logger::silent()),
      checker_(process_.executor(), clock_) {
  const asio::any_io_executor executor = process_.executor();
  app::Options flags;
  flags.leader_elect = options_.leader_elect;
  flags.max_concurrent_reconciles = options_.workers;
  program_.emplace(app::Surroundings{executor, link_, clock_, random_, logger_, checker_,
                                     options_.name, kOwnNamespace},
                   flags, "sim");
  process_.poll_pause = [this] { return program_->poll_pause(); };
  asio::co_spawn(executor, live(),
                 asio::bind_cancellation_slot(cancel_.slot(), [this](std::exception_ptr thrown) {
                   done_ = true;
                   thrown_ = std::move(thrown);
                 }));
}

Replica::~Replica() { process_.poll_pause = nullptr; }

void Replica::stop() {
  stopped_ = true;
  program_->stop();
}

void Replica::crash() {
  crashed_ = true;
  link_.die();
  if (started_) cancel_.emit(asio::cancellation_type::terminal);
}

bool Replica::leading() const {
  if (crashed_ || done_) return false;
  return program_->leading();
}

bool Replica::holds_foreign_objects() const {
  const controller::Caches& caches = program_->caches();
  const auto is_foreign = [](const auto& cache) {
    bool found = false;
    cache.store().each(
        [&](const auto& object) { found = found || !reconcile::is_managed(object->metadata); });
    return found;
  };
  bool holds = is_foreign(caches.pods);
  caches.each_children_cache([&](const auto& cache) { holds = holds || is_foreign(cache); });
  return holds;
}

bool Replica::holds_foreign_annotations() const {
  const controller::Caches& caches = program_->caches();
  bool found = false;
  const auto look = [&](const auto& store) {
    store.each([&](const auto& object) {
      for (const auto& [key, value] : object->metadata.annotations) {
        found = found || !key.starts_with("localregistry.dev/");
      }
    });
  };
  look(caches.registries.store());
  look(caches.namespaces.store());
  caches.each_children_cache([&](const auto& cache) { look(cache.store()); });
  look(caches.pods.store());
  return found;
}

std::string Replica::failure() const {
  if (!done_ || crashed_) return "";
  try {
    if (thrown_) std::rethrow_exception(thrown_);
  } catch (const std::exception& error) {
    return error.what();
  }
  return stopped_ ? "" : "it ended by itself";
}

asio::awaitable<void> Replica::live() {
  // Asio does not report a cancellation to a coroutine that has not started.
  started_ = true;
  if (crashed_) throw boost::system::system_error(asio::error::operation_aborted);
  auto running = program_->run();
  co_await std::move(running);
}

}  // namespace sim
