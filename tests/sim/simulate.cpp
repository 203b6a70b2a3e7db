// This program runs plans and seeds of the simulation. It prints the violated rules, and the names
// by which a run can be repeated.
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>

#include "sim/plan.h"

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kShown = 100;       // broken plans that are printed in full
constexpr std::size_t kUndone = 2;        // children that a run may create and delete again
constexpr std::size_t kLongQuietIn = 50;  // one plan in that many is watched for 24 h

// What one worker process counted. It sends the bytes of this struct to the parent.
struct Totals {
  std::uint64_t runs = 0;
  std::uint64_t broken = 0;
  std::uint64_t long_quiets = 0;
  std::uint64_t writes = 0;
  double simulated_seconds = 0;

  void add(const Totals& other) {
    runs += other.runs;
    broken += other.broken;
    long_quiets += other.long_quiets;
    writes += other.writes;
    simulated_seconds += other.simulated_seconds;
  }
};

class Report {
 public:
  explicit Report(bool stop_at_first) : stop_at_first_(stop_at_first) {}

  // True if the remaining plans need not be run.
  bool is_enough() const { return stop_at_first_ && totals_.broken > 0; }

  void count(const sim::Course& course, const std::string& what) {
    ++totals_.runs;
    totals_.writes += course.writes;
    totals_.simulated_seconds += std::chrono::duration<double>(course.simulated).count();
    if (course.violations.empty()) return;
    if (++totals_.broken > kShown) return;
    std::string text = fmt::format("broken: {}\n", what);
    for (const std::string& violation : course.violations) {
      text += fmt::format("    {}\n", violation);
    }
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }

  void count_long_quiet() { ++totals_.long_quiets; }
  const Totals& totals() const { return totals_; }

 private:
  bool stop_at_first_;
  Totals totals_;
};

struct Options {
  int jobs = int(std::max(1U, std::thread::hardware_concurrency()));
  bool stop_at_first = false;
};

// Runs work(job, report) in options.jobs processes, and adds up what they counted.
Totals in_parallel(const Options& options, const std::function<void(int, Report&)>& work) {
  struct Worker {
    pid_t process;
    int results;
  };
  std::vector<Worker> workers;
  for (int job = 0; job < options.jobs; ++job) {
    int ends[2];
    if (::pipe(ends) != 0) std::exit(2);
    const pid_t process = ::fork();
    if (process == 0) {
      Report report(options.stop_at_first);
      work(job, report);
      const Totals& totals = report.totals();
      const bool told = ::write(ends[1], &totals, sizeof(totals)) == sizeof(totals);
      std::fflush(stdout);
      ::_exit(told ? 0 : 2);
    }
    ::close(ends[1]);
    workers.push_back({process, ends[0]});
  }
  Totals sum;
  for (const Worker& worker : workers) {
    Totals totals;
    const bool told = ::read(worker.results, &totals, sizeof(totals)) == sizeof(totals);
    int status = 0;
    ::waitpid(worker.process, &status, 0);
    if (!told || status != 0) {
      std::puts("broken: a worker ended before its time");
      ++totals.broken;
    }
    sum.add(totals);
  }
  return sum;
}

int conclude(const char* what, const Totals& totals, std::chrono::steady_clock::time_point begin) {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  fmt::print(
      "{}: {} runs, {} broken, {} watched for 24 h after the end, {} writes, {:.0f} s, "
      "{:.0f}:1 simulated to real\n",
      what, totals.runs, totals.broken, totals.long_quiets, totals.writes, seconds,
      totals.simulated_seconds / seconds);
  if (totals.broken > 0) {
    fmt::print("failed {}\n", what);
    return 1;
  }
  fmt::print("ok {}\n", what);
  return 0;
}

constexpr sim::Fate kMoments[] = {sim::Fate::kCrashBefore, sim::Fate::kCrashUnanswered,
                                  sim::Fate::kCrashAnswered};
constexpr sim::Fate kFailures[] = {
    sim::Fate::kLost,       sim::Fate::kUnanswered, sim::Fate::kSilence, sim::Fate::kRefused,
    sim::Fate::kFailedLate, sim::Fate::kThrottled,  sim::Fate::kConflict};
constexpr const char* kResources[] = {
    "localregistries",        "deployments", "statefulsets", "services",
    "persistentvolumeclaims", "pods",        "namespaces"};

// Returns the faults for each write and each read of a scenario.
std::vector<sim::Fault> faults_for(const sim::Course& course, bool all) {
  using sim::Fate;
  std::vector<sim::Fault> faults;
  for (std::size_t i = 0; i < course.writes; ++i) {
    for (const Fate fate : kMoments) faults.push_back({false, i, fate, {}, {}});
    if (!all) continue;
    for (const Fate fate : kFailures) faults.push_back({false, i, fate, {}, {}});
    for (const Fate fate : kMoments) faults.push_back({false, i, fate, {3s, false, ""}, {}});
    for (const bool before_deletion : {false, true}) {
      faults.push_back(
          {false, i, Fate::kCrashAnswered, {3s, before_deletion, "localregistries"}, {}});
    }
    for (const char* plural : kResources) {
      faults.push_back({false, i, Fate::kAnswered, {}, plural});
    }
  }
  for (std::size_t i = 0; all && i < course.reads; ++i) {
    for (const Fate fate : {Fate::kLost, Fate::kSilence, Fate::kRefused, Fate::kCrashUnanswered,
                            Fate::kCrashAnswered}) {
      faults.push_back({true, i, fate, {}, {}});
    }
  }
  return faults;
}

// True if the run created and deleted as many children as without the fault, up to differences that
// have one of these reasons:
// - Before it sees a conflict, the operator may create a Service and a workload, and delete them.
// - When a namespace is deleted, the operator or the namespace controller may delete its objects.
// - A process that starts with a stale cache may create objects that a later spec does not want.
// - A resource that is created again at once takes over the objects that still exist.
bool is_explained(const sim::Course& course, const sim::Course& smooth,
                  const sim::Scenario& scenario, const sim::Fault& fault) {
  if (scenario.name.find("namespace that is deleted") != std::string::npos) return true;
  const bool at_once = scenario.name.ends_with(" replaced");
  if (at_once || !fault.past.is_now()) return course.creates <= smooth.creates + kUndone;
  return course.creates + smooth.deletes == smooth.creates + course.deletes &&
         course.creates <= smooth.creates + kUndone;
}

// Runs every scenario without a fault and with one in `every` faults. The end must be the same,
// after as many creations and deletions.
void run_systematic(const std::vector<sim::Scenario>& scenarios, std::size_t every, int job,
                    int jobs, Report& report) {
  std::size_t runs = 0;
  for (std::size_t i = std::size_t(job); i < scenarios.size(); i += std::size_t(jobs)) {
    const sim::Scenario& scenario = scenarios[i];
    const sim::Course smooth = sim::run({&scenario, {}, 1, 10min, false});
    report.count(smooth, scenario.name);
    const bool all = !scenario.name.starts_with("changes/");
    const std::vector<sim::Fault> faults = faults_for(smooth, all);
    for (std::size_t j = i % every; j < faults.size(); j += every) {
      if (report.is_enough()) return;
      const sim::Fault& fault = faults[j];
      const bool long_quiet = ++runs % kLongQuietIn == 0;
      sim::Course course = sim::run({&scenario, fault, 1, long_quiet ? 24h : 10min, false});
      if (course.end != smooth.end) course.violations.push_back("another end than without a fault");
      if (!is_explained(course, smooth, scenario, fault)) {
        course.violations.push_back(
            fmt::format("{} children created and {} deleted, where it takes {} and {}",
                        course.creates, course.deletes, smooth.creates, smooth.deletes));
      }
      if (long_quiet) report.count_long_quiet();
      report.count(course, fmt::format("{} / {}", scenario.name, sim::describe(fault)));
    }
  }
}

int systematic(const std::string& only, std::size_t every, const Options& options) {
  std::vector<sim::Scenario> scenarios = sim::scenarios();
  std::erase_if(scenarios, [&](const sim::Scenario& scenario) {
    return scenario.name.find(only) == std::string::npos;
  });
  const auto begin = std::chrono::steady_clock::now();
  const Totals totals = in_parallel(options, [&](int job, Report& report) {
    run_systematic(scenarios, every, job, options.jobs, report);
  });
  return conclude("systematic", totals, begin);
}

int random(std::uint64_t first, std::uint64_t seeds, const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  const Totals totals = in_parallel(options, [&](int job, Report& report) {
    for (std::uint64_t i = std::uint64_t(job); i < seeds; i += std::uint64_t(options.jobs)) {
      if (report.is_enough()) return;
      const sim::Course course = sim::run_random(first + i);
      if (course.long_quiet) report.count_long_quiet();
      report.count(course, fmt::format("seed {}", first + i));
    }
  });
  return conclude("random", totals, begin);
}

int replay(std::uint64_t first, std::uint64_t seeds, const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  const Totals totals = in_parallel(options, [&](int job, Report& report) {
    for (std::uint64_t i = std::uint64_t(job); i < seeds; i += std::uint64_t(options.jobs)) {
      if (report.is_enough()) return;
      sim::Course course = sim::run_random(first + i);
      const bool same = sim::run_random(first + i).hash == course.hash;
      course.violations.clear();
      if (!same) course.violations.push_back("the second run took another course");
      report.count(course, fmt::format("seed {}", first + i));
    }
  });
  return conclude("replay", totals, begin);
}

void show(const sim::Course& course) {
  for (const std::string& line : course.trace) fmt::print("{}\n", line);
  fmt::print("{}", course.end);
  fmt::print("{} writes, {} reads, {} created, {} deleted, trace {:016x}\n", course.writes,
             course.reads, course.creates, course.deletes, course.hash);
  for (const std::string& violation : course.violations) fmt::print("broken: {}\n", violation);
}

// Shows one run by the name that was printed: "SCENARIO" or "SCENARIO / FAULT".
int show_plan(const std::string& wanted) {
  for (const sim::Scenario& scenario : sim::scenarios()) {
    if (wanted != scenario.name && !wanted.starts_with(scenario.name + " / ")) continue;
    const sim::Course smooth = sim::run({&scenario, {}, 1, 10min, wanted == scenario.name});
    if (wanted == scenario.name) {
      show(smooth);
      return 0;
    }
    for (const sim::Fault& fault : faults_for(smooth, true)) {
      if (wanted != fmt::format("{} / {}", scenario.name, sim::describe(fault))) continue;
      const sim::Course course = sim::run({&scenario, fault, 1, 10min, true});
      show(course);
      if (course.end != smooth.end) fmt::print("the end without a fault:\n{}", smooth.end);
      return 0;
    }
  }
  fmt::print("no such plan: {}\n", wanted);
  return 2;
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("Runs the operator in a simulated cluster and breaks things");
  app.require_subcommand(1);
  Options options;
  std::uint64_t first = 1;
  std::uint64_t seeds = 1000;
  std::string only;
  std::size_t every = 1;
  std::string plan;
  std::uint64_t seed = 1;
  auto* all = app.add_subcommand("systematic", "Every write of every scenario, at every moment");
  all->add_option("--only", only, "Scenarios whose name contains this");
  all->add_option("--every", every, "Only one in so many faults of each scenario")
      ->check(CLI::Range(1, 1000));
  auto* some = app.add_subcommand("random", "Random scenarios with random faults");
  auto* twice = app.add_subcommand("replay", "The same seeds twice: the same course, to the byte");
  for (auto* command : {all, some, twice}) {
    command->add_option("--jobs", options.jobs, "Processes")->check(CLI::Range(1, 64));
    command->add_flag("--stop-at-first", options.stop_at_first, "End when something is broken");
  }
  for (auto* command : {some, twice}) {
    command->add_option("--first", first, "First seed");
    command->add_option("--seeds", seeds, "Number of seeds");
  }
  auto* one = app.add_subcommand("plan", "Shows the course of one plan, named as it was told");
  one->add_option("NAME", plan)->required();
  auto* course = app.add_subcommand("seed", "Shows the course of one seed");
  course->add_option("SEED", seed)->required();
  CLI11_PARSE(app, count, arguments);
  if (all->parsed()) return systematic(only, every, options);
  if (some->parsed()) return random(first, seeds, options);
  if (twice->parsed()) return replay(first, seeds, options);
  if (one->parsed()) return show_plan(plan);
  show(sim::run_random(seed, true));
  return 0;
}
