// Holds the simulated API server to a real one: sends both the same random sequences of requests
// and compares every answer and what a watch says.
//
//     against_real [--sequences N] [--seed N] [--workers N] [--stop-after N] [--verbose]
//
// KUBECONFIG names the real one. Sequence i has the seed --seed + i and a namespace of its own.
// Exit code 1: there were differences; each is printed with the fewest requests that show it.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "kube/config.h"
#include "kube/environment.h"
#include "kube/https_transport.h"
#include "kube/watch_decoder.h"
#include "sim/against_real/compared.h"
#include "sim/api_server.h"

namespace against_real {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kUser = "local-registry-operator";
constexpr int kPortsOfASequence = 3;
constexpr int kFirstPort = 30000;
constexpr std::size_t kMostEvents = 1000;

struct Options {
  std::uint64_t sequences = 1000;
  std::uint64_t seed = 1;
  int workers = 12;
  int stop_after = 5;
  bool verbose = false;
};

struct Difference {
  std::size_t step = 0;  // number of steps: the watch
  std::string request;
  std::string real;
  std::string fake;
};

struct Run {
  explicit Run(const Options& chosen) : options(chosen) {}

  const Options& options;
  asio::io_context context;
  base::SystemClock clock;
  base::Logger logger = base::Logger::silent();
  std::unique_ptr<kube::Transport> transport;
  std::string prefix;  // of namespaces: other runs' are left alone
  std::uint64_t next = 0;
  std::uint64_t namespaces = 0;
  std::uint64_t requests = 0;
  int differences = 0;
  int unconfirmed = 0;
  std::chrono::nanoseconds in_fake{};
  std::exception_ptr failed;
};

struct Both {
  Both(const std::string& space, int first_port, std::uint64_t seed, base::Time now)
      : real(space, first_port), fake(space, first_port), server([now] { return now; }, seed) {
    server.default_storage_class = "standard";
    server.fixed_storage_classes = {"other"};
  }

  Memory real;
  Memory fake;
  sim::ApiServer server;
};

asio::awaitable<kube::Response> ask(Run& run, kube::Request request) {
  ++run.requests;
  base::Result<kube::Response> answer = co_await run.transport->send(std::move(request));
  if (!answer) throw std::runtime_error("no answer: " + base::to_string(answer.error()));
  co_return *std::move(answer);
}

kube::Response ask_fake(Run& run, Both& both, const kube::Request& request) {
  const auto begin = std::chrono::steady_clock::now();
  kube::Response answer = both.server.handle(request, kUser);
  run.in_fake += std::chrono::steady_clock::now() - begin;
  return answer;
}

std::string described(const kube::Request& request) {
  return fmt::format("{} {} {} {}", kube::name(request.method), request.target,
                     request.content_type, request.body);
}

asio::awaitable<std::optional<Difference>> do_step(Run& run, Both& both, Step step) {
  kube::Request to_real = both.real.fill(step);
  const std::string request = described(to_real);
  const kube::Response fake_answer = ask_fake(run, both, both.fake.fill(step));
  const kube::Response real_answer = co_await ask(run, std::move(to_real));
  std::string real = both.real.canonical(real_answer);
  std::string fake = both.fake.canonical(fake_answer);
  both.real.see(real_answer);
  both.fake.see(fake_answer);
  if (real == fake) co_return std::nullopt;
  co_return Difference{0, request, std::move(real), std::move(fake)};
}

std::string watch_target(const Sequence& sequence) {
  const std::string& target = sequence.watch.marker.target;
  return target.substr(0, target.find('?')) +
         "?watch=true&allowWatchBookmarks=true&timeoutSeconds=10&" + sequence.watch.query;
}

bool is_end(const std::string& event) {
  return event.find(R"("name":"marker")") != std::string::npos;
}

// Whether the initial events are all there: with them the marker comes anywhere.
bool is_bookmark(const std::string& event) { return event.starts_with("BOOKMARK true"); }

asio::awaitable<std::vector<std::string>> watch_real(Run& run, Both& both, kube::Request request,
                                                     bool initial) {
  ++run.requests;
  std::vector<std::string> events;
  base::Result<kube::Opened> opened = co_await run.transport->open(std::move(request));
  if (!opened) throw std::runtime_error("no watch: " + base::to_string(opened.error()));
  if (!opened->stream) co_return std::vector{both.real.canonical(opened->head)};
  kube::LineSplitter lines;
  while (events.size() < kMostEvents) {
    base::Result<std::string> bytes = co_await opened->stream->read(12s);
    if (!bytes || bytes->empty()) co_return events;
    lines.feed(*bytes);
    while (std::optional<base::Result<std::string>> line = lines.next()) {
      events.push_back(both.real.canonical_event(**line));
      if (initial ? is_bookmark(events.back()) : is_end(events.back())) co_return events;
    }
  }
  co_return events;
}

std::vector<std::string> watch_fake(Both& both, const kube::Request& request) {
  std::vector<std::string> events;
  const sim::OpenedWatch opened = both.server.watch(request);
  if (!opened.watch) return {both.fake.canonical(opened.head)};
  while (const std::shared_ptr<const std::string> line = opened.watch->next(sim::kLatest)) {
    events.push_back(both.fake.canonical_event(*line));
  }
  return events;
}

std::string joined(const std::vector<std::string>& events) {
  std::string text;
  for (const std::string& event : events) text += event + "\n";
  return text;
}

asio::awaitable<std::optional<Difference>> do_watch(Run& run, Both& both,
                                                    const Sequence& sequence) {
  std::optional<Difference> difference = co_await do_step(run, both, sequence.watch.marker);
  if (difference) co_return difference;
  if (!both.server.find(sequence.watch.plural, both.fake.marker_key())) co_return std::nullopt;
  Step step{kube::Method::kGet, watch_target(sequence)};
  const bool initial = sequence.watch.query.starts_with("sendInitialEvents");
  kube::Request to_real = both.real.fill(step);
  const std::string request = described(to_real);
  const std::string fake = joined(watch_fake(both, both.fake.fill(step)));
  const std::vector<std::string> events =
      co_await watch_real(run, both, std::move(to_real), initial);
  std::string real = joined(events);
  if (real == fake) co_return std::nullopt;
  co_return Difference{0, request, std::move(real), fake};
}

// Node ports are few: what a sequence took is given back.
asio::awaitable<void> give_back(Run& run, const std::string& space) {
  for (const char* name : {"registry", "other", "third", "dev", "marker"}) {
    const std::string target = fmt::format("/api/v1/namespaces/{}/services/{}", space, name);
    kube::Request patch;
    patch.method = kube::Method::kPatch;
    patch.target = target;
    patch.content_type = "application/merge-patch+json";
    patch.body = R"({"metadata":{"finalizers":null}})";
    kube::Request remove;
    remove.method = kube::Method::kDelete;
    remove.target = target;
    patch.timeout = remove.timeout = 30s;
    const kube::Response answer = co_await ask(run, std::move(patch));
    if (answer.status == 404) continue;
    co_await ask(run, std::move(remove));
  }
}

// What a controller makes in every namespace: pods are refused without it.
asio::awaitable<void> make_service_account(Run& run, std::string space, Sequence sequence) {
  const bool wanted =
      std::any_of(sequence.steps.begin(), sequence.steps.end(),
                  [](const Step& step) { return step.target.find("/pods") != std::string::npos; });
  if (!wanted) co_return;
  kube::Request request;
  request.method = kube::Method::kPost;
  request.target = fmt::format("/api/v1/namespaces/{}/serviceaccounts", space);
  request.content_type = "application/json";
  request.body = R"({"metadata":{"name":"default"}})";
  request.timeout = 30s;
  co_await ask(run, std::move(request));
}

asio::awaitable<std::optional<Difference>> compare(Run& run, Sequence sequence, int worker) {
  const std::string space = fmt::format("{}-{}", run.prefix, ++run.namespaces);
  const auto now =
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  Both both(space, kFirstPort + worker * kPortsOfASequence, sequence.seed, now);
  const Step begin{kube::Method::kPost, "/api/v1/namespaces?fieldManager=m", "application/json",
                   R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"@ns@"}})"};
  std::optional<Difference> difference = co_await do_step(run, both, begin);
  co_await make_service_account(run, space, sequence);
  const auto start_of = [&space](const Memory& memory) {
    return memory.fill("@rv:Namespace/" + space + "@");
  };
  both.real.start_at(start_of(both.real));
  both.fake.start_at(start_of(both.fake));
  std::size_t number = 0;
  while (!difference && number < sequence.steps.size()) {
    difference = co_await do_step(run, both, sequence.steps[number]);
    if (!difference) ++number;
  }
  if (!difference) difference = co_await do_watch(run, both, sequence);
  if (difference) difference->step = number;
  co_await give_back(run, space);
  co_return difference;
}

// The fewest steps that still show a difference.
asio::awaitable<Difference> shrink(Run& run, Sequence& sequence, Difference found, int worker) {
  sequence.steps.resize(std::min(sequence.steps.size(), found.step + 1));
  std::size_t at = sequence.steps.size();
  while (at-- > 0) {
    if (sequence.steps.size() == 1 && found.step == 0) break;
    Sequence without = sequence;
    without.steps.erase(without.steps.begin() + static_cast<std::ptrdiff_t>(at));
    std::optional<Difference> still = co_await compare(run, without, worker);
    if (!still) continue;
    sequence = std::move(without);
    found = *std::move(still);
  }
  co_return found;
}

void print(const Sequence& sequence, const Difference& difference) {
  fmt::print("\nseed {}: {}\n", sequence.seed, first_difference(difference.real, difference.fake));
  for (const Step& step : sequence.steps) {
    fmt::print("   {} {} {}{}\n", kube::name(step.method), step.target, step.body,
               step.base.empty() ? "" : " into " + step.base);
  }
  fmt::print("   > {}\n", difference.request);
}

asio::awaitable<void> work(Run& run, int worker) {
  while (run.next < run.options.sequences && run.differences < run.options.stop_after) {
    Sequence sequence = make_sequence(run.options.seed + run.next++);
    std::optional<Difference> difference = co_await compare(run, sequence, worker);
    if (!difference) continue;
    // The real server now and then loses a node port that nobody has; elsewhere it does not matter.
    const int other_ports = worker + run.options.workers;
    difference = co_await compare(run, sequence, other_ports);
    if (!difference) {
      ++run.unconfirmed;
      continue;
    }
    ++run.differences;
    const Difference least = co_await shrink(run, sequence, *difference, other_ports);
    print(sequence, least);
    if (run.options.verbose) fmt::print("real {}\nfake {}\n", least.real, least.fake);
    std::fflush(stdout);
  }
}

asio::awaitable<void> guarded_work(Run& run, int worker) {
  try {
    co_await work(run, worker);
  } catch (const std::exception&) {
    run.failed = std::current_exception();
    run.next = run.options.sequences;
  }
}

int compare_all(const Options& options) {
  Run run(options);
  auto config = kube::load_config({}, kube::process_environment());
  if (!config) throw std::runtime_error(base::to_string(config.error()));
  auto made = kube::make_https_transport(*std::move(config), run.clock, run.logger,
                                         run.context.get_executor());
  if (!made) throw std::runtime_error(base::to_string(made.error()));
  run.transport = *std::move(made);
  run.prefix = "sim-" + base::Random::from_device().name_suffix(6);
  const auto begin = std::chrono::steady_clock::now();
  for (int worker = 0; worker < options.workers; ++worker) {
    asio::co_spawn(run.context, guarded_work(run, worker), asio::detached);
  }
  run.context.run();
  if (run.failed) std::rethrow_exception(run.failed);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const double microseconds = static_cast<double>(run.in_fake.count()) / 1000 /
                              static_cast<double>(std::max<std::uint64_t>(1, run.requests));
  fmt::print("{} sequences from seed {}, {} requests, {:.1f} s, {:.1f} us a request in the fake\n",
             run.next, options.seed, run.requests, took.count(), microseconds);
  fmt::print("{} differences, {} not seen again\n", run.differences, run.unconfirmed);
  return run.differences == 0 ? 0 : 1;
}

}  // namespace
}  // namespace against_real

int main(int argc, char** argv) {
  against_real::Options options;
  CLI::App app("Holds the simulated API server to a real one");
  app.add_option("--sequences", options.sequences, "How many");
  app.add_option("--seed", options.seed, "Of the first");
  app.add_option("--workers", options.workers, "Sequences in flight");
  app.add_option("--stop-after", options.stop_after, "Differences");
  app.add_flag("--verbose", options.verbose, "Whole answers");
  CLI11_PARSE(app, argc, argv);
  try {
    return against_real::compare_all(options);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
