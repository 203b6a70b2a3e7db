#include "sim/plan.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "sim/end_state.h"

namespace sim {
namespace {

constexpr auto kSettle = 60s;  // time to reach the declared state after the last fault or edit
constexpr auto kSilenceEnds = 150s;  // until a request or a watch without an answer is given up
constexpr auto kStaleFor = 5s;
constexpr auto kLag = 3s;
constexpr std::size_t kMostEvents = 60;
constexpr std::size_t kMostWrites = 60;  // sent by the operator for one step
// A Lease of 15 s that is renewed within 10 s is safe only while no clock runs more than 1.5 times
// as fast as another.
constexpr double kSmallSkew = 0.15;
constexpr double kLargeSkew = 0.4;
constexpr std::size_t kLongQuietIn = 1000;  // one random run in that many
constexpr auto kRefusedAgain = 25s;         // least time between two tries of refused writes
constexpr std::size_t kRefusedAtOnce = 4;

// More resources than may wait for a worker before the event loop pauses between two polls.
constexpr std::size_t kCrowd = limits::kBacklog + 8;

bool is_write(const kube::Request& request) { return request.method != kube::Method::kGet; }

void answer_push_checks(Replica& replica) {
  auto& registries = replica.registries();
  registries.say("granted.example/a", registry::Answer::kGranted, "it may be pushed");
  registries.say("denied.example/b", registry::Answer::kDenied, "it may not be pushed");
}

// Creates resources without a registry. Their keys are ready at the same time, now and at each
// start of a process.
void create_crowd(World& world) {
  for (std::size_t i = 0; i < kCrowd; ++i) {
    const std::string name = fmt::format("crowd-{}", i);
    world.apply_registry(fmt::format(R"({{"enabled":false,"name":"{}"}})", name), name, "team-b");
  }
}

// Counts requests, and lets one of them go wrong.
class Saboteur {
 public:
  Saboteur(World& world, const std::optional<Fault>& fault) : world_(world), fault_(fault) {}

  Fate fate(Replica& replica, const kube::Request& request) {
    if (!is_counted(request)) return Fate::kAnswered;
    const bool read = !is_write(request);
    const std::size_t number = read ? reads_++ : writes_++;
    if (!fault_ || fault_->read != read || fault_->number != number) return Fate::kAnswered;
    if (!fault_->past.is_now()) {
      world_.past = fault_->past;
      world_.scheduler.after(kStaleFor, [this] { world_.past = {}; });
    }
    if (!fault_->lagging.empty()) replica.link().set_lag(fault_->lagging, kLag);
    happened_ = true;
    return fault_->fate;
  }

  std::size_t reads() const { return reads_; }
  std::size_t writes() const { return writes_; }
  bool happened() const { return happened_; }

 private:
  World& world_;
  std::optional<Fault> fault_;
  std::size_t reads_ = 0;
  std::size_t writes_ = 0;
  bool happened_ = false;
};

void look_into_caches(World& world) {
  for (Replica* replica : world.replicas()) {
    if (replica->holds_foreign_objects()) {
      world.oracles.violated("somebody else's objects are in the cache");
    }
    if (replica->holds_foreign_annotations()) {
      world.oracles.violated("annotations that the operator does not use are in the cache");
    }
  }
}

// Checks that nothing is written any more for `quiet`. A refused write may be tried again now and
// then; if it is tried far too often, the check ends early.
void watch(World& world, base::Clock::Duration quiet) {
  const std::size_t writes = world.oracles.writes();
  const std::size_t events = world.oracles.events();
  const std::size_t sent = world.writes_sent();
  const auto is_too_much = [&](base::Clock::Duration watched) {
    const std::size_t tried = world.writes_sent() - sent;
    const bool much = tried > std::size_t(watched / kRefusedAgain) * kRefusedAtOnce;
    if (much) {
      world.oracles.violated(fmt::format("{} writes were tried after it had converged", tried));
    }
    return much;
  };
  const auto counts_due = std::min<base::Clock::Duration>(quiet, limits::kEventSeriesWindow);
  world.run_for(counts_due);
  const std::size_t counts = world.oracles.counts();
  if (is_too_much(counts_due)) return;
  world.run_for(quiet - counts_due);
  is_too_much(quiet);
  if (world.oracles.writes() != writes) {
    world.oracles.violated(
        fmt::format("{} writes after it had converged", world.oracles.writes() - writes));
  }
  if (world.oracles.events() != events) {
    world.oracles.violated(
        fmt::format("{} events after it had converged", world.oracles.events() - events));
  }
  if (world.oracles.counts() != counts) {
    world.oracles.violated("events were counted although nothing happened any more");
  }
}

void settle(World& world) {
  if (!world.converge(kSettle)) world.oracles.violated("not converged within 60 s");
}

// Checks that every replica serves the webhook if it is configured, and waits for nothing.
void look_into_webhooks(World& world) {
  const bool is_configured =
      world.server.find("mutatingwebhookconfigurations", {"", kOwnNamespace}) != nullptr;
  for (Replica* replica : world.replicas()) {
    if (is_configured && !replica->has_certificate()) {
      world.oracles.violated("a replica has no certificate for its webhook");
    }
    if (const std::string why = replica->waits_for(); !why.empty()) {
      world.oracles.violated(fmt::format("a replica is not ready: {}", why));
    }
  }
}

// Checks the end of a run. The world must have settled before.
void finish(World& world, base::Clock::Duration quiet, Course& course) {
  for (std::string& problem : end_state_problems(world.server)) {
    world.oracles.violated("at the end: " + std::move(problem));
  }
  watch(world, quiet);
  world.oracles.at_end();
  look_into_caches(world);
  look_into_webhooks(world);
  if (const std::size_t events = world.oracles.events(); events > kMostEvents) {
    world.oracles.violated(fmt::format("{} events", events));
  }
  course.end = fingerprint(world.server);
  course.violations = world.oracles.violations();
  course.creates = world.oracles.creates();
  course.deletes = world.oracles.deletes();
  course.hash = world.trace.hash();
  course.trace = world.trace.lines();
  course.simulated = world.scheduler.now() - base::Clock::Instant();
}

}  // namespace

std::string name(Fate fate) {
  switch (fate) {
    case Fate::kAnswered: return "answered";
    case Fate::kLost: return "lost";
    case Fate::kUnanswered: return "unanswered";
    case Fate::kSilence: return "silence";
    case Fate::kRefused: return "refused";
    case Fate::kFailedLate: return "failed late";
    case Fate::kThrottled: return "throttled";
    case Fate::kConflict: return "conflict";
    case Fate::kCrashBefore: return "crash before";
    case Fate::kCrashUnanswered: return "crash unanswered";
    case Fate::kCrashAnswered: return "crash answered";
  }
  return "";
}

std::string describe(const Fault& fault) {
  std::string text =
      fmt::format("{} {} {}", fault.read ? "read" : "write", fault.number, name(fault.fate));
  if (!fault.past.is_now()) {
    text += fmt::format(", then {}stale{}{}", fault.past.before_deletion ? "most " : "",
                        fault.past.plural.empty() ? "" : " ", fault.past.plural);
  }
  if (!fault.lagging.empty()) text += fmt::format(", then late {}", fault.lagging);
  return text;
}

Course run(const Plan& plan) {
  WorldOptions options;
  options.seed = plan.seed;
  options.keep_trace = plan.keep_trace;
  options.replicas = 0;
  World world(options);
  Saboteur saboteur(world, plan.fault);
  world.on_start = answer_push_checks;
  world.fate = [&](Replica& replica, const kube::Request& request) {
    return saboteur.fate(replica, request);
  };
  world.start_replica("operator-0");
  if (plan.scenario->prepare) plan.scenario->prepare(world);
  world.run_for(1s);
  for (const Step& step : plan.scenario->steps) {
    world.trace.add(world.scheduler.now(), "--- " + step.name);
    const std::size_t sent = world.writes_sent();
    const std::size_t events = world.oracles.events();
    step.act(world);
    if (!world.converge(kSettle + 60s)) {
      world.oracles.violated(fmt::format("not converged after {}", step.name));
    }
    if (world.writes_sent() > sent + kMostWrites) {
      world.oracles.violated(
          fmt::format("{} writes were sent after {}", world.writes_sent() - sent, step.name));
    }
    if (step.must_change_nothing &&
        (world.writes_sent() != sent || world.oracles.events() != events)) {
      world.oracles.violated(fmt::format("{} writes and {} events because of {}",
                                         world.writes_sent() - sent,
                                         world.oracles.events() - events, step.name));
    }
    look_into_caches(world);
    world.oracles.at_rest();
  }
  Course course;
  // A request without an answer times out, and the status reports that. This must happen before the
  // quiet time.
  if (plan.fault && plan.fault->fate == Fate::kSilence) world.run_for(kSilenceEnds);
  settle(world);
  // Only requests before the quiet time get faults, because the status reports a failed read.
  course.writes = saboteur.writes();
  course.reads = saboteur.reads();
  finish(world, plan.quiet, course);
  if (plan.fault && !saboteur.happened()) {
    course.violations.push_back("the fault never came");
  }
  return course;
}

namespace {

// Causes faults of all kinds at random until end() is called.
class Weather {
 public:
  explicit Weather(World& world) : world_(world) {
    // One request in `severity_` goes wrong.
    severity_ = std::size_t(5) << world.chance.below(5);
  }

  Fate fate(const kube::Request& request) {
    if (over_ || !world_.chance.one_in(severity_)) return Fate::kAnswered;
    static constexpr Fate kFates[] = {
        Fate::kLost,        Fate::kUnanswered,      Fate::kSilence,
        Fate::kRefused,     Fate::kFailedLate,      Fate::kThrottled,
        Fate::kCrashBefore, Fate::kCrashUnanswered, Fate::kCrashAnswered};
    const Fate fate = kFates[world_.chance.below(std::size(kFates))];
    was_silent_ = was_silent_ || fate == Fate::kSilence;
    const bool crash = fate == Fate::kCrashBefore || fate == Fate::kCrashUnanswered ||
                       fate == Fate::kCrashAnswered;
    return crash && !is_write(request) ? Fate::kLost : fate;
  }

  // Causes one disturbance, and plans the next one.
  void strike() {
    if (over_) return;
    const auto all = world_.replicas();
    if (!all.empty()) {
      Replica& one = *all[world_.chance.below(all.size())];
      switch (world_.chance.below(9)) {
        case 0: world_.crash(one, world_.chance.between(10ms, 20s)); break;
        case 1: world_.restart(one, world_.chance.between(10ms, 20s)); break;
        case 2: one.link().cut_watches(); break;
        case 3:
          world_.server.compact(world_.server.revision());
          one.link().cut_watches();
          break;
        case 4:
          world_.past = {world_.chance.between(1ms, 10s), world_.chance.one_in(3),
                         world_.chance.one_in(2) ? "localregistries" : ""};
          break;
        case 5: one.clock().jump(world_.chance.between(-1h, 1h)); break;
        case 6:
          one.link().set_silent(true);
          was_silent_ = true;
          break;
        case 7: one.link().delays.event_most = world_.chance.between(20ms, 5s); break;
        case 8: one.link().delays.request_most = world_.chance.between(4ms, 2s); break;
      }
    }
    world_.scheduler.after(world_.chance.between(10ms, 20s), [this] { strike(); });
  }

  // True if a request or a watch was left without an answer. The client notices that late.
  bool was_silent() const { return was_silent_; }

  void end() {
    over_ = true;
    world_.past = {};
    for (Replica* replica : world_.replicas()) {
      replica->link().set_silent(false);
      replica->link().delays = Delays();
    }
  }

 private:
  World& world_;
  std::size_t severity_;
  bool over_ = false;
  bool was_silent_ = false;
};

}  // namespace

Course run_random(std::uint64_t seed, bool keep_trace) {
  Chance chance(seed * 0x2545f4914f6cdd1dULL + 1);
  WorldOptions options;
  options.seed = seed;
  options.keep_trace = keep_trace;
  options.replicas = 0;
  const int replicas = chance.one_in(2) ? 1 : 2 + int(chance.below(2));
  options.leader_elect = replicas > 1 || chance.one_in(4);
  if (chance.one_in(3)) options.clock_skew = kSmallSkew;
  if (chance.one_in(8)) {
    options.clock_skew = kLargeSkew;
    options.two_may_lead = true;
  }
  options.webhook = chance.one_in(2);
  const Scenario scenario = random_scenario(chance);
  World world(options);
  Weather weather(world);
  world.on_start = answer_push_checks;
  world.fate = [&](Replica&, const kube::Request& request) { return weather.fate(request); };
  for (int i = 0; i < replicas; ++i) world.start_replica(fmt::format("operator-{}", i));
  weather.strike();
  if (chance.one_in(8)) create_crowd(world);
  for (const Step& step : scenario.steps) {
    world.run_for(chance.one_in(3) ? chance.between(1ms, 200ms) : chance.between(200ms, 30s));
    world.trace.add(world.scheduler.now(), "--- " + step.name);
    step.act(world);
  }
  world.run_for(chance.between(1ms, 60s));
  weather.end();
  world.trace.add(world.scheduler.now(), "--- all is well from here");
  // Lets processes start, Leases expire and watches notice that they were silent.
  world.run_for(weather.was_silent() ? kSilenceEnds : 40s);
  world.end_contests();
  Course course;
  course.long_quiet = chance.one_in(kLongQuietIn);
  settle(world);
  finish(world, course.long_quiet ? 24h : chance.one_in(20) ? 10min : 30s, course);
  course.writes = world.writes_sent();
  return course;
}

}  // namespace sim
