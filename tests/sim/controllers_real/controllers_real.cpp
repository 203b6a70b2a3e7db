// This program compares the simulated controllers with a real kube-controller-manager. It makes the
// same random moves of users, the operator and a node in a simulated and in a real cluster. After
// each move it waits until both are at rest, and compares what they hold.
//
//     controllers_real [--sequences N] [--first SEED] [--workers N] [--stop-after N]
//     controllers_real --seed SEED        runs one sequence again
//
// KUBECONFIG names the real cluster. Sequence i has the seed --first + i and its own namespace. The
// last line is "ok controllers-real", or "failed controllers-real" with exit code 1 if there were
// differences, each printed with the fewest moves that show it.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
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
#include "sim/controllers_real/clusters.h"

namespace controllers_real {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kPoll = 60ms;
constexpr auto kQuiet = 350ms;            // rest after which equal clusters count as equal
constexpr auto kPatience = 20s;           // rest after which different clusters count as different
constexpr auto kNamespacePatience = 45s;  // the namespace controller waits between its tries
constexpr std::uint64_t kProgress = 100;
constexpr int kRepeats = 2;
constexpr std::uint64_t kMostUnrepeatedPercent = 1;
constexpr std::size_t kShown = 500;

struct Options {
  std::uint64_t sequences = 120;
  std::uint64_t first = 1;
  std::optional<std::uint64_t> seed;
  int workers = 40;
  std::uint64_t stop_after = 3;
};

struct Difference {
  std::size_t move = 0;
  std::string text;
};

struct Run {
  explicit Run(const Options& chosen) : options(chosen) {}

  const Options& options;
  asio::io_context context;
  base::SystemClock clock;
  base::Logger logger = base::Logger::silent();
  std::unique_ptr<kube::Transport> transport;
  std::unique_ptr<RealCluster> real;
  std::string prefix;  // of namespaces; those of other runs are not touched
  int working = 0;
  std::uint64_t next = 0;
  std::uint64_t namespaces = 0;
  std::uint64_t done = 0;
  std::uint64_t moves = 0;
  std::uint64_t differences = 0;
  std::uint64_t unrepeated = 0;
  std::map<std::string, std::uint64_t> kinds;  // of moves
  std::exception_ptr failed;
};

// Waits until the real cluster holds the expected objects. If it is at rest for `patience` without
// them, returns the difference; otherwise an empty text.
asio::awaitable<std::string> await_alike(Run& run, std::string space, std::string expected,
                                         base::Clock::Duration patience) {
  const base::Clock::Instant begin = run.clock.now();
  while (true) {
    co_await run.clock.sleep_for(kPoll);
    const auto quiet =
        std::min<base::Clock::Duration>(run.real->quiet_for(space), run.clock.now() - begin);
    if (quiet < kQuiet) continue;
    const std::string held = view_of(run.real->objects(space));
    if (held == expected) co_return "";
    if (quiet >= patience) co_return differing_lines(held, expected);
  }
}

std::string kind_of(const Move& move) {
  if (move.kind == Move::Kind::kNode) return "node";
  if (move.kind == Move::Kind::kPods) return "pods";
  const bool scaled = move.request.body.starts_with(R"({"spec":{"replicas")");
  switch (move.request.method) {
    case kube::Method::kPost: return "create";
    case kube::Method::kDelete: return "delete";
    default: return scaled ? "scale" : "change";
  }
}

asio::awaitable<std::string> make_move(Run& run, SimulatedCluster& simulated, const Move& move,
                                       const std::string& space) {
  const std::vector<kube::Request> to_real = requests_for(move, space, run.real->objects(space));
  const std::vector<kube::Request> to_simulated = requests_for(move, space, simulated.objects());
  std::vector<int> real_codes;
  std::vector<int> simulated_codes;
  for (const kube::Request& request : to_simulated) {
    simulated_codes.push_back(simulated.send(request));
  }
  for (kube::Request request : to_real) {
    const int code = co_await run.real->send(std::move(request));
    real_codes.push_back(code);
  }
  std::sort(real_codes.begin(), real_codes.end());
  std::sort(simulated_codes.begin(), simulated_codes.end());
  if (real_codes == simulated_codes) co_return "";
  std::string text = "   answers, real:";
  for (const int code : real_codes) text += fmt::format(" {}", code);
  text += "; simulated:";
  for (const int code : simulated_codes) text += fmt::format(" {}", code);
  co_return text + "\n";
}

bool deletes_namespace(const Move& move) {
  return move.request.method == kube::Method::kDelete &&
         move.request.target == "/api/v1/namespaces/@ns@";
}

asio::awaitable<std::optional<Difference>> compare(Run& run, Sequence sequence) {
  const std::string space = fmt::format("{}-{}", run.prefix, ++run.namespaces);
  SimulatedCluster simulated(space, sequence.seed);
  Move begin;
  begin.request.method = kube::Method::kPost;
  begin.request.target = "/api/v1/namespaces";
  begin.request.content_type = "application/json";
  begin.request.body = R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"@ns@"}})";
  std::string text = co_await make_move(run, simulated, begin, space);
  base::Clock::Duration patience = kPatience;
  for (std::size_t i = 0; i < sequence.moves.size(); ++i) {
    const Move& move = sequence.moves[i];
    if (deletes_namespace(move)) patience = kNamespacePatience;
    text = co_await make_move(run, simulated, move, space);
    ++run.moves;
    ++run.kinds[kind_of(move)];
    if (!simulated.settle()) text += "   the simulated controllers do not come to rest\n";
    if (text.empty()) {
      std::string expected = view_of(simulated.objects());
      text = co_await await_alike(run, space, std::move(expected), patience);
    }
    if (!text.empty()) co_return Difference{i, std::move(text)};
  }
  run.real->forget(space);
  co_return std::nullopt;
}

// Removes the moves without which the difference still occurs. Returns the difference that is left.
asio::awaitable<Difference> shrink(Run& run, Sequence& sequence, Difference found) {
  sequence.moves.resize(std::min(sequence.moves.size(), found.move + 1));
  std::size_t at = sequence.moves.size();
  while (at-- > 0) {
    Sequence without = sequence;
    without.moves.erase(without.moves.begin() + static_cast<std::ptrdiff_t>(at));
    std::optional<Difference> still = co_await compare(run, without);
    if (!still) continue;
    sequence = std::move(without);
    found = *std::move(still);
  }
  co_return found;
}

void print(const Sequence& sequence, const Difference& difference) {
  fmt::print("\nseed {}:\n", sequence.seed);
  for (const Move& move : sequence.moves) fmt::print("   {}\n", move.text().substr(0, kShown));
  fmt::print("   after move {}:\n{}", difference.move + 1, difference.text);
  std::fflush(stdout);
}

asio::awaitable<void> work(Run& run) {
  const Options& options = run.options;
  while (run.next < options.sequences && run.differences < options.stop_after) {
    Sequence sequence = make_sequence(options.first + run.next++);
    std::optional<Difference> difference = co_await compare(run, sequence);
    if (++run.done % kProgress == 0) {
      fmt::print("{} of {} sequences, {} differences\n", run.done, options.sequences,
                 run.differences);
      std::fflush(stdout);
    }
    if (!difference) continue;
    std::optional<Difference> again;
    for (int i = 0; i < kRepeats && !again; ++i) again = co_await compare(run, sequence);
    if (!again) {
      ++run.unrepeated;
      fmt::print("\nnot seen again:");
      print(sequence, *difference);
      continue;
    }
    ++run.differences;
    Difference least = co_await shrink(run, sequence, *std::move(again));
    print(sequence, least);
  }
}

asio::awaitable<void> guarded_work(Run& run) {
  try {
    co_await work(run);
  } catch (const std::exception&) {
    run.failed = std::current_exception();
    run.next = run.options.sequences;
  }
  // Watches and connections stay open and would keep the io_context running.
  if (--run.working == 0) run.context.stop();
}

asio::awaitable<void> guarded_follow(Run& run, std::string plural) {
  try {
    co_await run.real->follow(std::move(plural));
  } catch (const std::exception&) {
    run.failed = std::current_exception();
    run.context.stop();
  }
}

void report(const Run& run, std::chrono::duration<double> took) {
  std::string kinds;
  for (const auto& [kind, count] : run.kinds) kinds += fmt::format(" {} {}", kind, count);
  fmt::print(
      "seeds {} to {}, {:.0f} s\n{} sequences, {} moves:{}\n{} not seen again\n"
      "{} differences\n",
      run.options.first, run.options.first + run.next - 1, took.count(), run.done, run.moves, kinds,
      run.unrepeated, run.differences);
}

bool compare_all(const Options& options) {
  Run run(options);
  auto config = kube::load_config({}, kube::process_environment());
  if (!config) throw std::runtime_error(base::to_string(config.error()));
  auto made = kube::make_https_transport(*std::move(config), run.clock, run.logger,
                                         run.context.get_executor());
  if (!made) throw std::runtime_error(base::to_string(made.error()));
  run.transport = *std::move(made);
  run.prefix = "con-" + base::Random::from_device().name_suffix(6);
  run.real = std::make_unique<RealCluster>(*run.transport, run.clock, run.prefix);
  run.working = options.workers;
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string& plural : RealCluster::plurals()) {
    asio::co_spawn(run.context, guarded_follow(run, plural), asio::detached);
  }
  for (int worker = 0; worker < options.workers; ++worker) {
    asio::co_spawn(run.context, guarded_work(run), asio::detached);
  }
  run.context.run();
  if (run.failed) std::rethrow_exception(run.failed);
  report(run, std::chrono::steady_clock::now() - begin);
  return run.differences == 0 && run.unrepeated * 100 <= run.done * kMostUnrepeatedPercent;
}

}  // namespace
}  // namespace controllers_real

int main(int argc, char** argv) {
  controllers_real::Options options;
  CLI::App app("Holds the simulated controllers to a real kube-controller-manager");
  app.add_option("--sequences", options.sequences, "How many");
  app.add_option("--first", options.first, "Seed of the first");
  app.add_option("--seed", options.seed, "Only the sequence of this seed");
  app.add_option("--workers", options.workers, "Sequences at once")->check(CLI::Range(1, 100));
  app.add_option("--stop-after", options.stop_after, "Differences");
  CLI11_PARSE(app, argc, argv);
  if (options.seed) {
    options.first = *options.seed;
    options.sequences = 1;
  }
  bool same = false;
  try {
    same = controllers_real::compare_all(options);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
  }
  fmt::print("{} controllers-real\n", same ? "ok" : "failed");
  return same ? 0 : 1;
}
