// The least that LocalRegistries cost: a client that knows what is to be written, and writes it.
// For each: the LocalRegistry, its Deployment, its Service, its status, one after the other, by as
// many workers as are asked for. No watch, no cache, no decision.
//   bench_floor --kubeconfig FILE --namespace NS --count N --workers C [--apply]
// Prints JSON: what all took, what each took from its first byte to its last, and processor time.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <iostream>

#include "api/local_registry.h"
#include "base/clock.h"
#include "json/writer.h"
#include "kube/client.h"
#include "kube/https_transport.h"
#include "reconcile/children/children.h"

namespace {

namespace asio = boost::asio;
using Seconds = std::chrono::duration<double>;
using Steady = std::chrono::steady_clock;

struct Options {
  kube::ConfigChoice config;
  std::string namespace_name = "bench";
  std::string prefix = "floor";
  int count = 1000;
  int workers = 8;
  bool apply = false;  // server-side apply of the children; else POST
};

// The answer; anything else ends the program.
template <class T>
T valid(base::Result<T> result) {
  if (!result) throw std::runtime_error(base::to_string(result.error()));
  return std::move(*result);
}

class Floor {
 public:
  Floor(const Options& options, kube::Client client) : options_(options), client_(client) {}

  asio::awaitable<void> work() {
    while (next_ < options_.count) {
      const auto begin = Steady::now();
      auto one = write(fmt::format("{}-{:05}", options_.prefix, next_++));
      co_await std::move(one);
      took_.push_back(Steady::now() - begin);
    }
  }

  // In seconds, in order.
  std::vector<Seconds> took() const {
    std::vector<Seconds> ordered = took_;
    std::sort(ordered.begin(), ordered.end());
    return ordered;
  }

 private:
  asio::awaitable<void> write(std::string name) {
    api::LocalRegistry wanted;
    wanted.metadata.name = name;
    wanted.metadata.namespace_name = options_.namespace_name;
    wanted.spec.name = name;
    auto creating = client_.create(wanted);
    api::LocalRegistry registry = valid(co_await std::move(creating));
    auto deploying = make(reconcile::build_deployment(registry, true));
    co_await std::move(deploying);
    auto serving = make(reconcile::build_service(registry, 0));
    const api::Service service = co_await std::move(serving);
    registry.status.node_port = service.spec.ports.front().node_port;
    registry.status.url = fmt::format("localhost:{}", registry.status.node_port);
    registry.status.observed_generation = registry.metadata.generation;
    auto telling = client_.apply_status(registry);
    valid(co_await std::move(telling));
  }

  template <class T>
  asio::awaitable<T> make(T object) {
    auto making = options_.apply ? client_.apply(object, kube::ApplyGuard::create_only())
                                 : client_.create(object);
    co_return valid(co_await std::move(making));
  }

  const Options& options_;
  kube::Client client_;
  int next_ = 0;
  std::vector<Seconds> took_;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void run(const Options& options) {
  asio::io_context io{1};
  base::SystemClock clock;
  base::Logger logger = base::Logger::silent();
  const auto transport = valid(kube::make_https_transport(
      valid(kube::load_config(options.config, kube::process_environment())), clock, logger,
      io.get_executor()));
  Floor floor(options, kube::Client(*transport));
  const auto begin = Steady::now();
  Seconds all{};
  int working = options.workers;
  for (int worker = 0; worker < options.workers; ++worker) {
    asio::co_spawn(io, floor.work(), [&](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
      if (--working == 0) all = Steady::now() - begin, io.stop();
    });
  }
  io.run();
  const std::vector<Seconds> took = floor.took();
  const auto share = [&](std::size_t percent) {
    return took[std::min(took.size() - 1, took.size() * percent / 100)].count() * 1e3;
  };
  std::cout << fmt::format(R"({{"seconds": {:.3f}, "p50_ms": {:.2f}, "p99_ms": {:.2f}, )"
                           R"("cpu_ms_per_resource": {:.3f}}})",
                           all.count(), share(50), share(99), cpu_seconds() * 1e3 / options.count)
            << std::endl;
}

}  // namespace

int main(int count, char** words) {
  Options options;
  CLI::App app("the least that LocalRegistries cost");
  app.add_option("--kubeconfig", options.config.kubeconfig)->required();
  app.add_option("--namespace", options.namespace_name);
  app.add_option("--prefix", options.prefix);
  app.add_option("--count", options.count)->check(CLI::Range(1, 100000));
  app.add_option("--workers", options.workers)->check(CLI::Range(1, 64));
  app.add_flag("--apply", options.apply);
  CLI11_PARSE(app, count, words);
  try {
    run(options);
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
  return 0;
}
