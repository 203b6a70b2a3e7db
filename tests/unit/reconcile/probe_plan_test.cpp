#include "reconcile/pull/probe_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <random>

namespace reconcile {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr base::Time kStart{std::chrono::hours(24 * 365 * 56)};

ProbeVerdict failing(std::string reason = "LocalhostRefused") {
  return {ProbeResult::kFailing, std::move(reason), "", true, {}};
}
ProbeVerdict proven() { return {ProbeResult::kProven, "", "", true, {}}; }
ProbeVerdict unknown() { return {ProbeResult::kUnknown, "NodeFull", "", true, {}}; }

// Nodes that answer each probe after a while. Runs the plan in virtual time.
class Nodes {
 public:
  // Returns the verdict on the probe of a node, and how long it takes.
  using Answer = std::function<std::pair<ProbeVerdict, milliseconds>(std::size_t node)>;

  Nodes(std::size_t count, Answer answer) : answer_(std::move(answer)) {
    for (std::size_t i = 0; i < count; ++i) {
      ProbeCandidate candidate;
      candidate.node = "node-" + std::to_string(i);
      candidate.subject = "boot-1";
      candidates.push_back(std::move(candidate));
    }
    probes.resize(count);
  }

  // Lets time pass. The time ends earlier when there is nothing to do any more.
  void run_for(milliseconds duration) {
    const base::Time end = now + duration;
    while (now <= end) {
      finish();
      const base::Time next = start();
      if (next > end) break;
      now = next;
    }
    now = end;
  }

  std::size_t count(ProbeResult state) const {
    return static_cast<std::size_t>(std::count_if(
        candidates.begin(), candidates.end(),
        [&](const ProbeCandidate& candidate) { return candidate.record.state == state; }));
  }
  std::size_t all_probes() const {
    std::size_t sum = 0;
    for (const auto& times : probes) sum += times.size();
    return sum;
  }

  base::Time now = kStart;
  std::vector<ProbeCandidate> candidates;
  std::vector<std::vector<base::Time>> probes;  // by node: when each began
  std::size_t most_at_once = 0;
  ProbeBounds bounds;

 private:
  struct Running {
    base::Time end;
    std::size_t node;
    ProbeVerdict verdict;
    std::string subject;
  };

  void finish() {
    for (auto probe = running_.begin(); probe != running_.end();) {
      if (probe->end > now) {
        ++probe;
        continue;
      }
      candidates[probe->node].is_running = false;
      record_verdict(candidates[probe->node].record, probe->verdict, probe->subject, now);
      probe = running_.erase(probe);
    }
  }

  // Starts what the plan says. Returns the time of the next change.
  base::Time start() {
    while (!begun_.empty() && begun_.front() <= now - 1s) begun_.pop_front();
    bounds.running = running_.size();
    bounds.created_lately = begun_.size();
    const ProbePlan plan = plan_probes(candidates, bounds, now);
    for (const std::size_t node : plan.starts) {
      EXPECT_FALSE(candidates[node].is_running);
      for (const Running& other : running_) {
        EXPECT_NE(candidates[node].node, candidates[other.node].node) << "one on each node";
      }
      candidates[node].is_running = true;
      auto [verdict, time] = answer_(node);
      running_.push_back({now + time, node, std::move(verdict), candidates[node].subject});
      probes[node].push_back(now);
      begun_.push_back(now);
    }
    EXPECT_LE(begun_.size(), limits::kPullProbesPerSecond);
    most_at_once = std::max(most_at_once, running_.size());
    base::Time next = plan.recheck_after ? now + *plan.recheck_after : base::Time::max();
    for (const Running& probe : running_) next = std::min(next, probe.end);
    return std::max(next, now + 1ms);
  }

  Answer answer_;
  std::vector<Running> running_;
  std::deque<base::Time> begun_;
};

Nodes::Answer always(ProbeVerdict verdict) {
  return [verdict](std::size_t) { return std::pair(verdict, milliseconds(1500)); };
}

TEST(ProbePlan, AThousandNodesAreProvenWithinFourMinutesTwentyAtATime) {
  Nodes nodes(1000, always(proven()));
  nodes.run_for(4min);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 1000U);
  EXPECT_LE(nodes.most_at_once, limits::kPullProbes);
  EXPECT_LE(nodes.all_probes(), 1005U) << "once each, but for those whose daily turn it is";
}

TEST(ProbePlan, FiveThousandNodesAreProvenWithinTwentyMinutes) {
  Nodes nodes(5000, always(proven()));
  nodes.run_for(20min);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 5000U);
}

TEST(ProbePlan, AProvenNodeIsProbedOnceADayAndNodesAreSpreadOverIt) {
  Nodes nodes(200, always(proven()));
  nodes.run_for(10min);
  const std::size_t first = nodes.all_probes();
  EXPECT_LE(first, 203U) << "10 minutes of the day are over";
  std::vector<std::size_t> by_hour;
  for (int hour = 0; hour < 24; ++hour) {
    const std::size_t before = nodes.all_probes();
    nodes.run_for(1h);
    by_hour.push_back(nodes.all_probes() - before);
  }
  EXPECT_EQ(nodes.all_probes() - first, 200U) << "one more each";
  EXPECT_LE(*std::max_element(by_hour.begin(), by_hour.end()), 24U) << "about 8 an hour";
  const std::size_t second = nodes.all_probes();
  nodes.run_for(24h);
  EXPECT_EQ(nodes.all_probes() - second, 200U);
}

TEST(ProbePlan, ARestartOfTheOperatorProbesNothingAgain) {
  Nodes nodes(100, always(proven()));
  nodes.run_for(1min);
  Nodes after(100, always(proven()));
  after.now = nodes.now;
  after.candidates = nodes.candidates;  // read back from the status of each LocalRegistryNode
  after.run_for(1min);
  EXPECT_LE(after.all_probes(), 2U) << "only whose daily turn it is";
}

TEST(ProbePlan, ANodeThatBootsAgainIsProbedAtOnce) {
  Nodes nodes(3, always(proven()));
  nodes.run_for(1min);
  nodes.candidates[1].subject = "boot-2";
  nodes.run_for(5s);
  EXPECT_EQ(nodes.probes[1].size(), 2U);
  EXPECT_EQ(nodes.all_probes(), 4U);
}

TEST(ProbePlan, AProvenNodeFailsOnlyAfterTwoFailuresTenSecondsApart) {
  bool is_broken = false;
  Nodes nodes(1, [&](std::size_t) {
    return std::pair(is_broken ? failing() : proven(), milliseconds(1000));
  });
  nodes.run_for(10s);
  is_broken = true;
  nodes.candidates[0].subject = "boot-2";
  nodes.run_for(5s);
  EXPECT_EQ(nodes.probes[0].size(), 2U);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 1U) << "one failure may be a hiccup";
  nodes.run_for(10s);
  EXPECT_EQ(nodes.count(ProbeResult::kFailing), 1U);
  ASSERT_EQ(nodes.probes[0].size(), 3U);
  EXPECT_GE(nodes.probes[0][2] - nodes.probes[0][1], limits::kPullConfirmation);
  is_broken = false;
  nodes.run_for(2min);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 1U) << "it is tried again soon";
}

TEST(ProbePlan, AFailingNodeIsTriedAgainAfterTimesThatDouble) {
  Nodes nodes(1, always(failing()));
  nodes.run_for(4h);
  const auto& times = nodes.probes[0];
  ASSERT_GE(times.size(), 8U);
  EXPECT_EQ(times[1] - times[0], 10s + 1500ms) << "to confirm the failure";
  EXPECT_EQ(times[2] - times[1], 30s + 1500ms);
  EXPECT_EQ(times[3] - times[2], 60s + 1500ms);
  EXPECT_EQ(times.back() - times[times.size() - 2], 30min + 1500ms);
}

TEST(ProbePlan, AProbeThatSaysNothingIsRepeatedAndLeavesAProvenNodeProven) {
  bool is_full = false;
  Nodes nodes(1, [&](std::size_t) {
    return std::pair(is_full ? unknown() : proven(), milliseconds(1000));
  });
  nodes.run_for(10s);
  is_full = true;
  nodes.candidates[0].subject = "boot-2";
  nodes.run_for(10min);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 1U);
  EXPECT_EQ(nodes.probes[0].size(), 5U) << "the first, then at 0, 1, 3 and 7 minutes";
}

TEST(ProbePlan, WhenTheFirstTwentyFailAlikeTheRestWaitsForFiveMinutes) {
  Nodes nodes(200, always(failing()));
  nodes.run_for(4min);
  std::size_t probed = nodes.count(ProbeResult::kFailing);
  EXPECT_EQ(probed, limits::kPullProbes);
  nodes.run_for(5min);
  EXPECT_EQ(nodes.count(ProbeResult::kFailing), 200U) << "then each node gets its verdict";
}

TEST(ProbePlan, WhenOneOfTheFirstTwentySucceedsTheRestGoesOn) {
  bool is_down = true;
  Nodes nodes(200, [&](std::size_t) {
    return std::pair(is_down ? failing("RegistryDown") : proven(), milliseconds(1500));
  });
  nodes.run_for(20s);
  EXPECT_EQ(nodes.count(ProbeResult::kFailing), limits::kPullProbes);
  is_down = false;
  nodes.run_for(90s);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 200U);
}

TEST(ProbePlan, DifferentFailuresAreNoReasonToWait) {
  Nodes nodes(200, [](std::size_t node) {
    return std::pair(failing(node % 2 == 0 ? "NoDiskSpace" : "LocalhostRefused"),
                     milliseconds(1500));
  });
  nodes.run_for(1min);
  EXPECT_EQ(nodes.count(ProbeResult::kFailing), 200U);
}

TEST(ProbePlan, OneRegistryThatFailsEverywhereDoesNotDelayAnother) {
  Nodes nodes(200, [](std::size_t node) {
    return std::pair(node < 100 ? failing() : proven(), milliseconds(1500));
  });
  for (std::size_t i = 100; i < 200; ++i) nodes.candidates[i].registry = 1;
  nodes.run_for(1min);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 100U);
}

TEST(ProbePlan, AProbeThatNeverEndsTakesOnePlaceOnly) {
  Nodes nodes(100, [](std::size_t node) {
    return std::pair(proven(), node == 7 ? milliseconds(24h) : milliseconds(1500));
  });
  nodes.run_for(2min);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 99U);
}

TEST(ProbePlan, WhileTheFirstTwentyAreStillProbedNoOthersStart) {
  Nodes nodes(200, [](std::size_t node) {
    return std::pair(failing(), milliseconds(1000 + 700 * (node % 20)));
  });
  nodes.run_for(4min);
  EXPECT_EQ(nodes.count(ProbeResult::kFailing), limits::kPullProbes);
}

TEST(ProbePlan, ProbesThatSayNothingDoNotHideThatAllOthersFailAlike) {
  Nodes nodes(200, [](std::size_t node) {
    return std::pair(node % 10 == 0 ? unknown() : failing(), milliseconds(1500));
  });
  nodes.run_for(4min);
  EXPECT_EQ(nodes.count(ProbeResult::kFailing), limits::kPullProbes);
}

TEST(ProbePlan, WithOneProbeAtATimeOneNodeThatFailsDelaysNoOther) {
  Nodes nodes(10, [](std::size_t node) {
    return std::pair(node == 0 ? failing() : proven(), milliseconds(1500));
  });
  nodes.bounds.parallelism = 1;
  nodes.run_for(25s);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 9U);
}

// For example a node proxy that starts and stops again and again.
TEST(ProbePlan, NodesThatChangeAllTheTimeLeavePlacesToOthers) {
  Nodes nodes(120, [&](std::size_t node) {
    if (node < 40) nodes.candidates[node].subject += "'";
    return std::pair(proven(), milliseconds(1500));
  });
  nodes.run_for(1min);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 120U);
  nodes.run_for(24h);
  EXPECT_LE(nodes.probes[0].size(), 60U) << "after times that double up to 30 minutes";
}

TEST(ProbePlan, FailuresThatAlternateWithProbesThatSayNothingAreRetriedAfterTimesThatDouble) {
  std::size_t probes = 0;
  Nodes nodes(1, [&](std::size_t) {
    return std::pair(++probes % 2 == 0 ? unknown() : failing(), milliseconds(1500));
  });
  nodes.run_for(24h);
  EXPECT_LE(nodes.probes[0].size(), 60U);
}

TEST(ProbePlan, ANodeThatJustJoinedFailsOnlyAfterTwoFailures) {
  Nodes nodes(1, [count = 0](std::size_t) mutable {
    return std::pair(++count == 1 ? failing() : proven(), milliseconds(1000));
  });
  nodes.run_for(5s);
  EXPECT_EQ(nodes.count(ProbeResult::kUnknown), 1U) << "kube-proxy may not serve the port yet";
  EXPECT_EQ(nodes.candidates[0].record.reason, "LocalhostRefused");
  nodes.run_for(10s);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 1U);
}

TEST(ProbePlan, ProbesThatHangDoNotKeepNodesOutForLongWhileOthersFailAlike) {
  Nodes nodes(169, [](std::size_t node) {
    if (node < 19) return std::pair(failing(), milliseconds(1500));
    return std::pair(node < 69 ? unknown() : proven(), milliseconds(node < 69 ? 60'000 : 1500));
  });
  nodes.run_for(10min);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 100U);
}

TEST(ProbePlan, FailingNodesWithSlowProbesDoNotKeepTheDailyProbesOut) {
  Nodes nodes(101, [](std::size_t node) {
    return node < 100 ? std::pair(failing(node % 2 == 0 ? "A" : "B"), milliseconds(300s))
                      : std::pair(proven(), milliseconds(1500));
  });
  nodes.bounds.parallelism = 2;
  nodes.run_for(24h * 4);
  EXPECT_GE(nodes.probes[100].size(), 4U);
}

TEST(ProbePlan, OnANodeOneProbeRunsAtATime) {
  Nodes nodes(60, always(proven()));
  for (std::size_t i = 0; i < 60; ++i) {
    nodes.candidates[i].registry = i / 3;
    nodes.candidates[i].node = "node-" + std::to_string(i % 3);
  }
  nodes.run_for(1min);
  EXPECT_EQ(nodes.count(ProbeResult::kProven), 60U);
  EXPECT_EQ(nodes.most_at_once, 3U);
}

TEST(ProbePlan, WithoutAnIntervalAProvenNodeIsProbedWhenItChanges) {
  Nodes nodes(2, always(proven()));
  nodes.bounds.interval = 0ms;
  nodes.run_for(72h);
  EXPECT_EQ(nodes.all_probes(), 2U);
  nodes.candidates[1].subject = "boot-2";
  nodes.run_for(10s);
  EXPECT_EQ(nodes.all_probes(), 3U);
}

TEST(ProbePlan, ATimeInTheFutureDelaysNoProbe) {
  Nodes nodes(1, always(failing()));
  nodes.run_for(10s);
  ASSERT_EQ(nodes.candidates[0].record.last_result, ProbeResult::kFailing);
  nodes.candidates[0].record.last_end = nodes.now + 24h;
  EXPECT_EQ(plan_probes(nodes.candidates, {}, nodes.now).starts.size(), 1U);
  nodes.candidates[0].record.last_end = nodes.now + 1min;
  nodes.candidates[0].record.failures = 2;
  nodes.candidates[0].record.repeats = 2;
  EXPECT_EQ(plan_probes(nodes.candidates, {}, nodes.now).recheck_after,
            limits::kFailedPullFirstRetry);
}

class PairVerdicts : public testing::Test {
 protected:
  void add(const ProbeVerdict& verdict) {
    now += 1min;
    record_verdict(record, verdict, "boot-1", now);
  }

  PairRecord record;
  base::Time now = kStart;
};

TEST_F(PairVerdicts, AFailingPairStaysFailingAfterAProbeThatSaysNothing) {
  add(failing());
  add(failing());
  const base::Time since = now;
  add(unknown());
  EXPECT_EQ(record.state, ProbeResult::kFailing);
  EXPECT_EQ(record.reason, "LocalhostRefused");
  EXPECT_EQ(record.since, since);
}

TEST_F(PairVerdicts, TwoFailuresCountWithAProbeBetweenThemThatSaysNothing) {
  add(proven());
  add(failing());
  add(unknown());
  EXPECT_EQ(record.state, ProbeResult::kProven);
  add(failing());
  EXPECT_EQ(record.state, ProbeResult::kFailing);
}

TEST_F(PairVerdicts, FailuresBeforeAProofDoNotCount) {
  add(failing());
  add(failing());
  add(proven());
  add(failing());
  EXPECT_EQ(record.state, ProbeResult::kProven);
}

TEST_F(PairVerdicts, AProbeThatStillRunsGivesAReasonAndCountsOnceItHasEnded) {
  ProbeVerdict queued{ProbeResult::kUnknown, "PullQueued", "", false, 240s};
  add(queued);
  EXPECT_EQ(record.state, ProbeResult::kUnknown);
  EXPECT_EQ(record.reason, "PullQueued");
  EXPECT_EQ(record.last_result, ProbeResult::kNone);
  queued.has_ended = true;
  add(queued);
  EXPECT_EQ(record.repeats, 1);
  add(proven());
  queued.has_ended = false;
  add(queued);
  EXPECT_EQ(record.state, ProbeResult::kProven);
}

// Nodes of every mood, for a day: the bounds hold, each node gets probes, and nothing stops.
TEST(ProbePlan, WithNodesOfEveryMoodTheBoundsHoldAndEachNodeIsProbed) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    std::mt19937 random(seed);
    const auto at_most = [&](int most) { return std::uniform_int_distribution(0, most)(random); };
    std::vector<int> moods;
    for (int i = 0; i < 60; ++i) moods.push_back(at_most(3));
    Nodes nodes(60, [&](std::size_t node) {
      const ProbeVerdict verdicts[] = {proven(), failing(), unknown(),
                                       at_most(1) == 0 ? proven() : failing("ConnectionCut")};
      return std::pair(verdicts[moods[node]], milliseconds(500 + at_most(300'000)));
    });
    nodes.bounds.parallelism = std::size_t(1 + at_most(19));
    for (int hour = 0; hour < 24; ++hour) {
      nodes.candidates[std::size_t(at_most(59))].subject += "'";
      nodes.run_for(1h);
    }
    EXPECT_LE(nodes.most_at_once, nodes.bounds.parallelism);
    for (const auto& times : nodes.probes) EXPECT_FALSE(times.empty());
    EXPECT_EQ(nodes.count(ProbeResult::kNone), 0U);
  }
}

}  // namespace
}  // namespace reconcile
