// This program compares the simulated API server with a real one. It sends both the same random
// sequences of requests, and compares every answer and the events of a watch.
//
//     against_real [--sequences N] [--first SEED] [--workers N] [--stop-after N]
//     against_real --seed SEED        runs one sequence again and prints whole answers
//
// KUBECONFIG names the real API server. Sequence i has the seed --first + i and its own namespace.
// The last line is "ok against-real", or "failed against-real" with exit code 1 if there were
// differences that differences.md does not explain. Each is printed with the fewest requests that
// show it. A difference that does not occur when its sequence is sent again is printed and counted.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "kube/config/config.h"
#include "kube/environment.h"
#include "kube/https_transport.h"
#include "sim/against_real/explained.h"
#include "sim/against_real/pair.h"

namespace against_real {
namespace {

namespace asio = boost::asio;

constexpr int kSlots = 28;  // their node ports are below those that the real API server draws
constexpr std::uint64_t kProgress = 500;
constexpr int kTries = 3;  // repetitions of a sequence with other ports
constexpr std::size_t kShown = 400;
// One sequence in so many, and one more, may show a difference that does not occur again.
constexpr std::uint64_t kSequencesToOne = 500;

struct Options {
  std::uint64_t sequences = 1500;
  std::uint64_t first = 1;
  std::optional<std::uint64_t> seed;
  int workers = 12;
  std::uint64_t stop_after = 5;
};

struct Run {
  explicit Run(const Options& chosen) : options(chosen) {}

  const Options& options;
  asio::io_context context;
  base::SystemClock clock;
  base::Logger logger = base::Logger::silent();
  std::unique_ptr<kube::Transport> transport;
  std::string prefix;          // of namespaces; those of other runs are not touched
  std::deque<int> free_slots;  // each has three node ports and an address
  std::deque<int> lost_slots;  // with a port or address that the real server takes for allocated
  int working = 0;
  std::uint64_t next = 0;
  std::uint64_t namespaces = 0;
  Report report;
  Report repeated;  // counts repetitions and requests that shrink a difference
  std::exception_ptr failed;
};

// Returns a new namespace, with ports and an address that no other sequence uses now. Slots with a
// lost allocation are used last: the longer they rest, the more likely the real API server has
// repaired it.
Place new_place(Run& run) {
  std::deque<int>& slots = run.free_slots.empty() ? run.lost_slots : run.free_slots;
  const int slot = slots.front();
  slots.pop_front();
  return {fmt::format("{}-{}", run.prefix, ++run.namespaces),
          kFirstPort + slot * kPortsOfASequence};
}

// True for a difference "lost-allocation"; see differences.md.
bool finds_a_loss(const Difference& difference) {
  const auto is_taken = [](const std::string& answer) {
    return answer.find("provided port is already allocated") != std::string::npos ||
           answer.find("provided IP is already allocated") != std::string::npos;
  };
  return difference.real.starts_with("422 ") && is_taken(difference.real) &&
         !is_taken(difference.fake);
}

asio::awaitable<std::optional<Difference>> compare_once(Run& run, Report& report,
                                                        Sequence sequence) {
  const Place place = new_place(run);
  std::optional<Difference> difference =
      co_await compare(*run.transport, report, std::move(sequence), place);
  const bool lost = difference && finds_a_loss(*difference);
  std::deque<int>& slots = lost ? run.lost_slots : run.free_slots;
  slots.push_back((place.first_port - kFirstPort) / kPortsOfASequence);
  co_return difference;
}
// Removes the steps without which the difference still occurs. Returns the difference that is left.
asio::awaitable<Difference> shrink(Run& run, Sequence& sequence, Difference found) {
  sequence.steps.resize(std::min(sequence.steps.size(), found.step + 1));
  std::size_t at = sequence.steps.size();
  while (at-- > 0) {
    Sequence without = sequence;
    without.steps.erase(without.steps.begin() + static_cast<std::ptrdiff_t>(at));
    std::optional<Difference> still = co_await compare_once(run, run.repeated, without);
    if (!still) continue;
    sequence = std::move(without);
    found = *std::move(still);
  }
  co_return found;
}

void print(const Sequence& sequence, const Difference& difference, bool whole) {
  fmt::print("\nseed {}:\n{}\n", sequence.seed, first_difference(difference.real, difference.fake));
  const std::size_t most = whole ? std::string::npos : kShown;
  for (const Step& step : sequence.steps) {
    fmt::print("   {} {} {}{}\n", kube::name(step.method), step.target, step.body.substr(0, most),
               step.base.empty() ? "" : " into " + step.base);
  }
  fmt::print("   > {}\n", difference.request.substr(0, most));
  if (whole) fmt::print("   real {}\n   fake {}\n", difference.real, difference.fake);
  std::fflush(stdout);
}

void tell_progress(const Run& run) {
  fmt::print("{} of {} sequences, {} differences\n", run.report.sequences(), run.options.sequences,
             run.report.differences());
  std::fflush(stdout);
}

asio::awaitable<void> work(Run& run) {
  const Options& options = run.options;
  while (run.next < options.sequences && run.report.differences() < options.stop_after) {
    Sequence sequence = make_sequence(options.first + run.next++);
    std::optional<Difference> difference = co_await compare_once(run, run.report, sequence);
    if (run.report.sequences() % kProgress == 0) tell_progress(run);
    if (!difference) continue;
    for (int tries = 0; tries < kTries && difference && finds_a_loss(*difference); ++tries) {
      run.report.count_explained({"lost-allocation"});
      difference = co_await compare_once(run, run.repeated, sequence);
    }
    if (!difference) continue;
    const std::optional<Difference> again = co_await compare_once(run, run.repeated, sequence);
    if (!again) {
      run.report.count_not_seen_again();
      fmt::print("\nnot seen again:");
      print(sequence, *difference, true);
      continue;
    }
    run.report.count_difference();
    Difference least = co_await shrink(run, sequence, *std::move(difference));
    print(sequence, least, options.seed.has_value());
  }
}

asio::awaitable<void> guarded_work(Run& run) {
  try {
    co_await work(run);
  } catch (const std::exception&) {
    run.failed = std::current_exception();
    run.next = run.options.sequences;
  }
  // Idle connections would keep the io_context running for a while.
  if (--run.working == 0) run.context.stop();
}

bool compare_all(const Options& options) {
  Run run(options);
  auto config = kube::load_config({}, kube::process_environment());
  if (!config) throw std::runtime_error(base::to_string(config.error()));
  auto made = kube::make_https_transport(*std::move(config), run.clock, run.logger,
                                         run.context.get_executor());
  if (!made) throw std::runtime_error(base::to_string(made.error()));
  run.transport = *std::move(made);
  run.prefix = "sim-" + base::Random::from_device().name_suffix(6);
  run.working = options.workers;
  const auto begin = std::chrono::steady_clock::now();
  for (int slot = 0; slot < kSlots; ++slot) run.free_slots.push_back(slot);
  for (int worker = 0; worker < options.workers; ++worker) {
    asio::co_spawn(run.context, guarded_work(run), asio::detached);
  }
  run.context.run();
  if (run.failed) std::rethrow_exception(run.failed);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("seeds {} to {}, {:.0f} s\n{}", options.first, options.first + run.next - 1,
             took.count(), run.report.text());
  const std::uint64_t tolerated = 1 + run.report.sequences() / kSequencesToOne;
  return run.report.differences() == 0 && run.report.not_seen_again() <= tolerated;
}

}  // namespace
}  // namespace against_real

int main(int argc, char** argv) {
  against_real::Options options;
  CLI::App app("Holds the simulated API server to a real one");
  app.add_option("--sequences", options.sequences, "How many");
  app.add_option("--first", options.first, "Seed of the first");
  app.add_option("--seed", options.seed, "Only the sequence of this seed, whole answers");
  app.add_option("--workers", options.workers, "Sequences at once")->check(CLI::Range(1, 24));
  app.add_option("--stop-after", options.stop_after, "Differences");
  CLI11_PARSE(app, argc, argv);
  if (options.seed) {
    options.first = *options.seed;
    options.sequences = 1;
  }
  bool same = false;
  try {
    same = against_real::compare_all(options);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
  }
  fmt::print("{} against-real\n", same ? "ok" : "failed");
  return same ? 0 : 1;
}
