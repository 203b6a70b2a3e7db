#include "kube/leader_election.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scripted_transport.h"

namespace kube {
namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr base::Clock::Instant kStart{1h};
constexpr base::Time kWall{1'800'000'000s};

LeaderElectionOptions options_of(const std::string& identity) {
  return {{"system", "lease"}, identity};
}

LeaseView view_of(const std::string& holder, int seconds = 15) {
  api::Lease lease;
  lease.spec.holder_identity = holder;
  lease.spec.lease_duration_seconds = seconds;
  lease.spec.acquire_time = api::MicroTime{kWall - 1h};
  lease.spec.renew_time = api::MicroTime{kWall - 1h};
  lease.spec.lease_transitions = 3;
  return {lease, kStart};
}

struct DecisionCase {
  std::string what;
  LeaseView view;
  base::Clock::Duration later;
  LeaseAction action;
  int transitions;
};

class DecisionTest : public testing::TestWithParam<DecisionCase> {};

TEST_P(DecisionTest, FollowsFromWhatIsSeen) {
  const DecisionCase& test = GetParam();
  const LeaseDecision decision = decide(test.view, options_of("me"), kStart + test.later, kWall);
  EXPECT_EQ(decision.action, test.action) << test.what;
  if (decision.action == LeaseAction::kWait) {
    EXPECT_EQ(decision.spec, api::LeaseSpec()) << test.what;
    return;
  }
  EXPECT_EQ(decision.spec.holder_identity, "me") << test.what;
  EXPECT_EQ(decision.spec.lease_duration_seconds, 15) << test.what;
  EXPECT_EQ(decision.spec.renew_time->time, kWall) << test.what;
  EXPECT_EQ(decision.spec.lease_transitions, test.transitions) << test.what;
}

INSTANTIATE_TEST_SUITE_P(
    All, DecisionTest,
    testing::Values(
        DecisionCase{"none: create", {}, 0s, LeaseAction::kCreate, 0},
        DecisionCase{"released: take", view_of(""), 0s, LeaseAction::kTake, 4},
        DecisionCase{"ours: renew", view_of("me"), 0s, LeaseAction::kRenew, 3},
        DecisionCase{"ours and long expired: renew", view_of("me"), 1h, LeaseAction::kRenew, 3},
        DecisionCase{"another's, fresh: wait", view_of("you"), 0s, LeaseAction::kWait, 0},
        DecisionCase{"another's, nearly expired: wait", view_of("you"), 14999ms, LeaseAction::kWait,
                     0},
        DecisionCase{"another's, expired: take", view_of("you"), 15s, LeaseAction::kTake, 4},
        DecisionCase{"another's, with a longer term: wait", view_of("you", 60), 59s,
                     LeaseAction::kWait, 0},
        DecisionCase{"another's, of one second, expired: take", view_of("you", 1), 1s,
                     LeaseAction::kTake, 4},
        DecisionCase{"another's, without a term: ours counts", view_of("you", 0), 14s,
                     LeaseAction::kWait, 0},
        DecisionCase{"another's, without a term, expired: take", view_of("you", 0), 15s,
                     LeaseAction::kTake, 4}));

TEST(Decision, TheTimesInTheLeaseAreNeverComparedWithOurClock) {
  LeaseView future = view_of("you");
  future.lease->spec.renew_time = api::MicroTime{kWall + 24h};
  EXPECT_EQ(decide(future, options_of("me"), kStart + 15s, kWall).action, LeaseAction::kTake);
  LeaseView past = view_of("you");
  past.lease->spec.renew_time = api::MicroTime{kWall - 24h};
  EXPECT_EQ(decide(past, options_of("me"), kStart + 1s, kWall).action, LeaseAction::kWait);
}

TEST(Decision, ARenewalKeepsTheTimeOfAcquisitionAndATakeoverSetsIt) {
  EXPECT_EQ(decide(view_of("me"), options_of("me"), kStart, kWall).spec.acquire_time->time,
            kWall - 1h);
  EXPECT_EQ(decide(view_of(""), options_of("me"), kStart, kWall).spec.acquire_time->time, kWall);
}

TEST(Decision, AReleaseKeepsTheTransitionsAndNamesNobody) {
  const api::LeaseSpec spec = released(view_of("me").lease->spec, kWall);
  EXPECT_EQ(spec.holder_identity, "");
  EXPECT_EQ(spec.lease_duration_seconds, 1);
  EXPECT_EQ(spec.lease_transitions, 3);
  EXPECT_EQ(spec.renew_time->time, kWall);
}

// LeaseServer keeps one Lease as the API server does, with resourceVersions, conflicts and watches.
class LeaseServer {
 public:
  explicit LeaseServer(support::World& world) : world_(world) {}

  // Returns a transport to this server for one participant.
  std::unique_ptr<support::ScriptedTransport> connect() {
    auto transport = std::make_unique<support::ScriptedTransport>(world_);
    support::ScriptedTransport* raw = transport.get();
    transport->on_send = [this](const Request& request) { return answer(request); };
    transport->on_open = [this, raw](const Request&) -> base::Result<Response> {
      opening_.push_back(raw);
      return support::answer(200, "");
    };
    return transport;
  }

  // Sends the list to watches that were opened since the last call. To be called after each
  // settle().
  void feed() {
    for (support::ScriptedTransport* transport : std::exchange(opening_, {})) {
      const auto& stream = transport->streams.back();
      if (lease) stream->line(event("ADDED"));
      stream->line(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":")" +
                   std::to_string(version) +
                   R"(","annotations":{"k8s.io/initial-events-end":"true"}}}})");
      watches_.push_back(stream);
    }
  }

  void remove() {
    ++version;
    lease->metadata.resource_version = std::to_string(version);
    publish("DELETED");
    lease.reset();
  }

  std::string holder() const { return lease ? lease->spec.holder_identity.value_or("") : "-"; }

  std::optional<api::Lease> lease;
  int version = 10;
  int writes = 0;
  std::function<std::optional<base::Result<Response>>(const Request&)> fault;

 private:
  base::Result<Response> answer(const Request& request) {
    if (fault) {
      if (auto failure = fault(request)) return *failure;
    }
    switch (request.method) {
      case Method::kGet: return lease ? support::answer(200, object()) : missing();
      case Method::kPost: return create(request);
      case Method::kPatch: return patch(request);
      default: return support::answer(405, "");
    }
  }

  base::Result<Response> create(const Request& request) {
    if (lease) return support::answer(409, R"({"kind":"Status","reason":"AlreadyExists"})");
    lease = *json::parse<api::Lease>(request.body);
    lease->metadata.uid = "uid-" + std::to_string(version);
    return stored("ADDED");
  }

  base::Result<Response> patch(const Request& request) {
    if (!lease) return missing();
    const api::Lease wanted = *json::parse<api::Lease>(request.body);
    if (wanted.metadata.resource_version != lease->metadata.resource_version ||
        wanted.metadata.uid != lease->metadata.uid) {
      return support::answer(409, R"({"kind":"Status","reason":"Conflict"})");
    }
    lease->spec = wanted.spec;
    return stored("MODIFIED");
  }

  base::Result<Response> stored(const std::string& type) {
    ++writes;
    ++version;
    lease->metadata.resource_version = std::to_string(version);
    publish(type);
    return support::answer(200, object());
  }

  static Response missing() {
    return support::answer(404, R"({"kind":"Status","reason":"NotFound","details":{"name":"x"}})");
  }
  std::string object() const { return api::encode_object(*lease); }
  std::string event(const std::string& type) const {
    return R"({"type":")" + type + R"(","object":)" + object() + "}";
  }
  void publish(const std::string& type) {
    for (const auto& watch : watches_) watch->line(event(type));
  }

  support::World& world_;
  std::vector<support::ScriptedTransport*> opening_;
  std::vector<std::shared_ptr<support::Feed>> watches_;
};

// Stage counts the runs of the leader's work, and how many of them run at the same time.
struct Stage {
  int on_stage = 0;
  int max = 0;
  int performances = 0;
};

struct OnStage {
  explicit OnStage(Stage& on) : stage(on) {
    ++stage.performances;
    stage.max = std::max(stage.max, ++stage.on_stage);
  }
  ~OnStage() { --stage.on_stage; }
  OnStage(const OnStage&) = delete;
  OnStage& operator=(const OnStage&) = delete;
  Stage& stage;
};

boost::asio::awaitable<void> perform(Stage& stage, base::Clock& clock,
                                     base::Clock::Duration duration) {
  const OnStage here(stage);
  co_await clock.sleep_for(duration);
}

boost::asio::awaitable<void> perform_badly(Stage& stage, base::Clock& clock) {
  const OnStage here(stage);
  co_await clock.sleep_for(1s);
  throw std::runtime_error("a bug");
}

class LeaderElectionTest : public testing::Test {
 protected:
  struct Participant {
    std::unique_ptr<support::ScriptedTransport> transport;
    std::unique_ptr<LeaderElection> election;
    support::Running* running = nullptr;
    std::vector<bool> changes;
  };

  Participant& join(const std::string& identity, LeaderElection::Work work = {}) {
    return join(identity, server.connect(), std::move(work));
  }

  Participant& join_without_a_watch(const std::string& identity) {
    auto transport = server.connect();
    transport->on_open = [](const Request&) {
      return support::answer(403, R"({"kind":"Status","reason":"Forbidden","code":403})");
    };
    return join(identity, std::move(transport));
  }

  Participant& join(const std::string& identity,
                    std::unique_ptr<support::ScriptedTransport> transport,
                    LeaderElection::Work work = {}) {
    participants.push_back(std::make_unique<Participant>());
    Participant* one = participants.back().get();
    one->transport = std::move(transport);
    one->election = std::make_unique<LeaderElection>(
        Environment{world.executor(), Client(*one->transport), world.clock, random, logger},
        options_of(identity), [one](bool leading) { one->changes.push_back(leading); });
    if (!work) work = [this] { return perform(stage, world.clock, 1000h); };
    one->running = &world.start(one->election->run(std::move(work)));
    settle();
    return *one;
  }

  void settle() {
    for (int i = 0; i < 5; ++i) {
      world.settle();
      server.feed();
    }
  }

  void run_for(base::Clock::Duration duration) {
    constexpr auto kStep = 50ms;
    for (base::Clock::Duration done{}; done < duration; done += kStep) {
      world.run_for(kStep);
      settle();
    }
  }

  static int releases(const Participant& one) {
    return static_cast<int>(
        std::count_if(one.transport->sent.begin(), one.transport->sent.end(),
                      [](const Request& request) { return is_release(request); }));
  }

  static bool is_release(const Request& request) {
    return request.body.find(R"("holderIdentity":"")") != std::string::npos;
  }

  static void cut(Participant& one) {
    one.transport->on_send = [](const Request&) -> base::Result<Response> {
      return Error{ErrorCode::kNetwork, "cut"};
    };
    one.transport->on_open = one.transport->on_send;
    for (const auto& stream : one.transport->streams) stream->fail({ErrorCode::kNetwork, "cut"});
  }

  support::World world;
  base::Random random{1};
  base::Logger logger = base::Logger::silent();
  LeaseServer server{world};
  Stage stage;
  std::vector<std::unique_ptr<Participant>> participants;

  void TearDown() override {
    for (const auto& one : participants) one->running->cancel();
    run_for(3s);
    for (const auto& one : participants) EXPECT_TRUE(one->running->done());
    EXPECT_EQ(stage.on_stage, 0);
    EXPECT_LE(stage.max, 1);
  }
};

TEST_F(LeaderElectionTest, TheFirstLeadsAtOnceAndTheSecondWaits) {
  Participant& a = join("a");
  Participant& b = join("b");
  EXPECT_TRUE(a.election->leading());
  EXPECT_FALSE(b.election->leading());
  run_for(5min);
  EXPECT_TRUE(a.election->leading());
  EXPECT_FALSE(b.election->leading());
  EXPECT_EQ(b.election->holder(), "a");
  EXPECT_EQ(b.election->waiting_for(), "");
  EXPECT_EQ(stage.performances, 1);
  EXPECT_LE(b.transport->sent.size(), 3U) << "the watch tells it what there is to know";
}

TEST_F(LeaderElectionTest, OnlyTheOneLeaseIsWatched) {
  Participant& a = join("a");
  ASSERT_FALSE(a.transport->opened.empty());
  const std::string& target = a.transport->opened.front().target;
  EXPECT_THAT(target, testing::HasSubstr("/namespaces/system/leases?"));
  EXPECT_THAT(target, testing::HasSubstr("fieldSelector=metadata.name%3Dlease"));
}

TEST_F(LeaderElectionTest, WhoBeginsLateLeadsAsWell) {
  run_for(60s);
  Participant& a = join("a");
  EXPECT_EQ(server.writes, 1) << "a renewal has time";
  run_for(60s);
  EXPECT_THAT(a.changes, ElementsAre(true));
}

TEST_F(LeaderElectionTest, WhoIsForestalledByACreationSaysNothingOfIt) {
  server.fault = [this](const Request& request) -> std::optional<base::Result<Response>> {
    if (request.method != Method::kPost || server.lease) return std::nullopt;
    server.lease = view_of("other").lease;
    server.lease->metadata.name = "lease";
    server.lease->metadata.namespace_name = "system";
    server.lease->metadata.uid = "uid-other";
    server.lease->metadata.resource_version = std::to_string(++server.version);
    return std::nullopt;
  };
  Participant& a = join("a");
  EXPECT_EQ(server.holder(), "other");
  EXPECT_EQ(a.election->waiting_for(), "");
  run_for(5s);
  EXPECT_FALSE(a.election->leading());
  run_for(20s);
  EXPECT_TRUE(a.election->leading());
}

TEST_F(LeaderElectionTest, ACandidateSaysNoMoreWhatIsOver) {
  join("a");
  run_for(20s);
  server.fault = [](const Request&) { return base::Result<Response>(support::answer(503, "")); };
  Participant& b = join("b");
  EXPECT_THAT(b.election->waiting_for(), testing::HasSubstr("Unavailable"));
  server.fault = nullptr;
  run_for(5s);
  EXPECT_EQ(b.election->waiting_for(), "");
  EXPECT_FALSE(b.election->leading());
}

TEST_F(LeaderElectionTest, ALeaseThatIsDeletedIsFoundOutByTheNextRenewalWithoutAWatch) {
  Participant& a = join("a");
  run_for(20s);
  server.lease.reset();
  run_for(5s);
  EXPECT_TRUE(a.election->leading());
  EXPECT_EQ(server.holder(), "a");
}

TEST_F(LeaderElectionTest, ACandidateWithoutAWatchFindsOutThatTheLeaseIsGone) {
  Participant& a = join("a");
  Participant& b = join("b");
  run_for(20s);
  cut(a);
  b.transport->on_open = [](const Request&) -> base::Result<Response> {
    return Error{ErrorCode::kNetwork, "cut"};
  };
  for (const auto& stream : b.transport->streams) stream->fail({ErrorCode::kNetwork, "cut"});
  server.lease.reset();
  run_for(40s);
  EXPECT_TRUE(b.election->leading());
  EXPECT_EQ(server.holder(), "b");
}

TEST_F(LeaderElectionTest, ALeaseThatAnotherClientLabelsMeanwhileIsReleasedAllTheSame) {
  Participant& a = join("a");
  run_for(20s);
  int labels = 0;
  server.fault = [&](const Request& request) -> std::optional<base::Result<Response>> {
    if (is_release(request) && labels++ == 0) {
      server.lease->metadata.resource_version = std::to_string(++server.version);
    }
    return std::nullopt;
  };
  a.running->cancel();
  run_for(1s);
  EXPECT_TRUE(a.running->done());
  EXPECT_EQ(server.holder(), "");
  EXPECT_EQ(labels, 2);
}

TEST_F(LeaderElectionTest, TheLeaseIsRenewedEveryTwoSecondsAndNotMore) {
  join("a");
  const int before = server.writes;
  run_for(100s);
  EXPECT_GE(server.writes - before, 45);
  EXPECT_LE(server.writes - before, 50);
}

TEST_F(LeaderElectionTest, AReleaseThatIsForestalledAgainAndAgainIsGivenUp) {
  Participant& a = join("a");
  run_for(20s);
  int tries = 0;
  server.fault = [&](const Request& request) -> std::optional<base::Result<Response>> {
    if (!is_release(request)) return std::nullopt;
    ++tries;
    server.lease->metadata.resource_version = std::to_string(++server.version);
    return std::nullopt;
  };
  a.running->cancel();
  run_for(1s);
  EXPECT_TRUE(a.running->done());
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(server.holder(), "a");
}

TEST_F(LeaderElectionTest, AReleaseThatIsRefusedIsNotTriedAgain) {
  Participant& a = join("a");
  run_for(20s);
  server.fault = [&](const Request& request) -> std::optional<base::Result<Response>> {
    if (!is_release(request)) return std::nullopt;
    return base::Result<Response>(support::answer(403, R"({"kind":"Status","code":403})"));
  };
  a.running->cancel();
  run_for(1s);
  EXPECT_TRUE(a.running->done());
  EXPECT_EQ(releases(a), 1);
}

TEST_F(LeaderElectionTest, AfterAConflictTheLeaseIsRenewedAtOnce) {
  join("a");
  run_for(20s);
  bool labelled = false;
  server.fault = [&](const Request& request) -> std::optional<base::Result<Response>> {
    if (request.method == Method::kPatch && !std::exchange(labelled, true)) {
      server.lease->metadata.resource_version = std::to_string(++server.version);
    }
    return std::nullopt;
  };
  const int before = server.writes;
  while (!labelled) run_for(50ms);
  server.fault = nullptr;
  EXPECT_EQ(server.writes - before, 1);
}

TEST_F(LeaderElectionTest, ARenewalThatFailsIsNotTriedInABusyLoop) {
  Participant& a = join("a");
  run_for(20s);
  server.fault = [](const Request& request) -> std::optional<base::Result<Response>> {
    if (request.method != Method::kPatch) return std::nullopt;
    return base::Result<Response>(support::answer(503, ""));
  };
  const std::size_t before = a.transport->sent.size();
  run_for(8s);
  EXPECT_LE(a.transport->sent.size() - before, 4U);
  EXPECT_TRUE(a.election->leading());
}

TEST_F(LeaderElectionTest, ALeaseThatIsStolenDuringItsReleaseIsTheThiefs) {
  Participant& a = join("a");
  run_for(20s);
  server.fault = [&](const Request& request) -> std::optional<base::Result<Response>> {
    if (!is_release(request)) return std::nullopt;
    server.lease->spec.holder_identity = "thief";
    server.lease->metadata.resource_version = std::to_string(++server.version);
    server.fault = nullptr;
    return std::nullopt;
  };
  a.running->cancel();
  run_for(1s);
  EXPECT_TRUE(a.running->done());
  EXPECT_EQ(server.holder(), "thief");
}

TEST_F(LeaderElectionTest, OnCancellationTheWorkEndsThenTheLeaseIsFreeAndTheOtherLeadsAtOnce) {
  Participant& a = join("a");
  Participant& b = join("b");
  run_for(20s);
  a.running->cancel();
  settle();
  EXPECT_TRUE(a.running->done());
  EXPECT_THAT(a.changes, ElementsAre(true, false));
  EXPECT_TRUE(b.election->leading()) << "without any time having passed";
  EXPECT_EQ(server.holder(), "b");
  EXPECT_EQ(server.lease->spec.lease_transitions, 1);
}

TEST_F(LeaderElectionTest, ALeaderThatVanishesIsReplacedWhenItsLeaseExpires) {
  Participant& a = join("a");
  Participant& b = join("b");
  run_for(20s);
  cut(a);
  run_for(14s);
  EXPECT_FALSE(b.election->leading());
  EXPECT_FALSE(a.election->leading()) << "it has stopped before the other begins";
  run_for(4s);
  EXPECT_TRUE(b.election->leading());
}

TEST_F(LeaderElectionTest, ALeaderThatCannotRenewStopsAtItsDeadline) {
  Participant& a = join("a");
  run_for(20s);
  cut(a);
  run_for(7s);
  EXPECT_TRUE(a.election->leading());
  run_for(4s);
  EXPECT_FALSE(a.election->leading());
  EXPECT_EQ(stage.on_stage, 0);
  EXPECT_EQ(a.election->waiting_for(), "Network: cut");
  EXPECT_EQ(releases(a), 0) << "by then it may be another's";
}

TEST_F(LeaderElectionTest, ALeaderThatIsBackInTimeNeverStopped) {
  Participant& a = join("a");
  run_for(20s);
  server.fault = [](const Request&) { return base::Result<Response>(support::answer(503, "")); };
  run_for(7s);
  EXPECT_THAT(a.election->waiting_for(), testing::HasSubstr("Unavailable"));
  server.fault = nullptr;
  run_for(60s);
  EXPECT_EQ(a.election->waiting_for(), "");
  EXPECT_TRUE(a.election->leading());
  EXPECT_EQ(stage.performances, 1);
}

TEST_F(LeaderElectionTest, OneSlowRenewalDoesNotEndTheLeadership) {
  Participant& a = join("a");
  run_for(20s);
  a.transport->delay = 4s;
  run_for(3s);
  a.transport->delay = {};
  run_for(60s);
  EXPECT_THAT(a.changes, ElementsAre(true));
}

TEST_F(LeaderElectionTest, ARenewalWhoseAnswerGotLostDoesNotEndTheLeadership) {
  Participant& a = join("a");
  run_for(20s);
  a.transport->delay = 6s;  // longer than the timeout of a renewal; the renewal still takes effect
  run_for(3s);
  a.transport->delay = {};
  run_for(60s);
  EXPECT_THAT(a.changes, ElementsAre(true));
}

TEST_F(LeaderElectionTest, AServerThatHangsEndsTheLeadershipByTheDeadline) {
  Participant& a = join("a");
  run_for(20s);
  a.transport->delay = 1h;
  run_for(12s);
  EXPECT_FALSE(a.election->leading());
  EXPECT_EQ(stage.on_stage, 0);
}

TEST_F(LeaderElectionTest, AfterAnOutageTheLeadershipIsTakenUpAgain) {
  Participant& a = join("a");
  run_for(20s);
  server.fault = [](const Request&) { return base::Result<Response>(support::answer(503, "")); };
  run_for(30s);
  EXPECT_FALSE(a.election->leading());
  server.fault = nullptr;
  run_for(10s);
  EXPECT_TRUE(a.election->leading());
  EXPECT_EQ(stage.performances, 2);
}

TEST_F(LeaderElectionTest, AStolenLeaseEndsTheWorkAtOnce) {
  Participant& a = join("a");
  run_for(20s);
  server.lease->spec.holder_identity = "thief";
  server.lease->metadata.resource_version = std::to_string(++server.version);
  for (const auto& stream : a.transport->streams) {
    stream->line(R"({"type":"MODIFIED","object":)" + api::encode_object(*server.lease) + "}");
  }
  settle();
  EXPECT_FALSE(a.election->leading());
  EXPECT_EQ(stage.on_stage, 0);
}

TEST_F(LeaderElectionTest, AStolenLeaseIsFoundOutByTheNextRenewalWithoutAWatch) {
  Participant& a = join("a");
  run_for(20s);
  server.lease->spec.holder_identity = "thief";
  server.lease->metadata.resource_version = std::to_string(++server.version);
  run_for(3s);
  EXPECT_FALSE(a.election->leading());
}

TEST_F(LeaderElectionTest, ALeaseThatIsDeletedIsMadeAgain) {
  Participant& a = join("a");
  run_for(20s);
  server.remove();
  run_for(5s);
  EXPECT_TRUE(a.election->leading());
  EXPECT_EQ(server.holder(), "a");
}

TEST_F(LeaderElectionTest, AClientThatLabelsTheLeaseDoesNotProlongIt) {
  Participant& a = join("a");
  Participant& b = join("b");
  run_for(20s);
  cut(a);
  for (int i = 0; i < 18; ++i) {
    run_for(1s);
    if (server.holder() != "a") break;
    server.lease->metadata.labels["seen"] = std::to_string(i);
    server.lease->metadata.resource_version = std::to_string(++server.version);
    for (const auto& stream : b.transport->streams) {
      stream->line(R"({"type":"MODIFIED","object":)" + api::encode_object(*server.lease) + "}");
    }
  }
  run_for(1s);
  EXPECT_TRUE(b.election->leading());
}

TEST_F(LeaderElectionTest, ACandidateWhoseWatchIsSilentLooksForItself) {
  Participant& a = join("a");
  Participant& b = join("b");
  run_for(20s);
  // b has no watch: its streams fail, and it cannot open new ones.
  b.transport->on_open = [](const Request&) -> base::Result<Response> {
    return Error{ErrorCode::kNetwork, "cut"};
  };
  for (const auto& stream : b.transport->streams) stream->fail({ErrorCode::kNetwork, "cut"});
  run_for(5min);
  EXPECT_TRUE(a.election->leading()) << "a renews, which b's tries find out";
  EXPECT_FALSE(b.election->leading());
  a.running->cancel();
  run_for(20s);
  EXPECT_TRUE(b.election->leading());
}

TEST_F(LeaderElectionTest, WithoutTheRightToWatchItStillWorks) {
  Participant& a = join_without_a_watch("a");
  Participant& b = join_without_a_watch("b");
  run_for(5min);
  EXPECT_TRUE(a.election->leading());
  EXPECT_EQ(stage.performances, 1);
  EXPECT_FALSE(b.election->leading());
  for (const Request& request : b.transport->sent) {
    EXPECT_TRUE(request.method == Method::kGet) << "it reads the lease, and need not try for it";
  }
}

TEST_F(LeaderElectionTest, MissingRightsAreSaidAndWaitedFor) {
  server.fault = [](const Request&) {
    return base::Result<Response>(
        support::answer(403, R"({"kind":"Status","reason":"Forbidden","code":403,
            "message":"leases.coordination.k8s.io \"lease\" is forbidden"})"));
  };
  Participant& a = join("a");
  run_for(1min);
  EXPECT_EQ(a.election->waiting_for(),
            "Forbidden: leases.coordination.k8s.io \"lease\" is forbidden");
  EXPECT_LE(a.transport->sent.size(), 40U);
  server.fault = nullptr;
  for (int i = 0; i < 200 && !a.election->leading(); ++i) run_for(50ms);
  EXPECT_TRUE(a.election->leading());
  EXPECT_EQ(a.election->waiting_for(), "");
}

TEST_F(LeaderElectionTest, AMissingNamespaceIsSaidAndNotABusyLoop) {
  server.fault = [](const Request& request) -> std::optional<base::Result<Response>> {
    if (request.method != Method::kPost) return std::nullopt;
    return base::Result<Response>(
        support::answer(404, R"({"kind":"Status","reason":"NotFound","code":404,
            "message":"namespaces \"system\" not found","details":{"name":"system"}})"));
  };
  Participant& a = join("a");
  run_for(1min);
  EXPECT_EQ(a.election->waiting_for(), "NotFound: namespaces \"system\" not found");
  EXPECT_LE(a.transport->sent.size(), 80U);
}

TEST_F(LeaderElectionTest, WorkThatEndsReleasesTheLeaseAndEndsTheElection) {
  Participant& a = join("a", [this] { return perform(stage, world.clock, 5s); });
  run_for(6s);
  EXPECT_TRUE(a.running->done());
  EXPECT_FALSE(a.running->thrown());
  EXPECT_EQ(server.holder(), "");
}

TEST_F(LeaderElectionTest, WorkThatThrowsReleasesTheLeaseAndIsHeardOf) {
  Participant& a = join("a", [this] { return perform_badly(stage, world.clock); });
  run_for(2s);
  ASSERT_TRUE(a.running->done());
  EXPECT_THROW(std::rethrow_exception(a.running->thrown()), std::runtime_error);
  EXPECT_EQ(server.holder(), "");
}

TEST_F(LeaderElectionTest, AReleaseThatCannotBeSentDoesNotHoldUpTheExit) {
  Participant& a = join("a");
  run_for(20s);
  a.transport->delay = 1h;
  a.running->cancel();
  run_for(2s);
  EXPECT_TRUE(a.running->done());
}

TEST_F(LeaderElectionTest, ACancelledCandidateLeavesTheLeaseAlone) {
  join("a");
  Participant& b = join("b");
  run_for(20s);
  b.running->cancel();
  settle();
  EXPECT_TRUE(b.running->done());
  EXPECT_EQ(server.holder(), "a");
}

TEST_F(LeaderElectionTest, AClockOnTheWallThatJumpsChangesNothing) {
  Participant& a = join("a");
  Participant& b = join("b");
  run_for(20s);
  world.clock.wall_skew = 24h;
  run_for(60s);
  world.clock.wall_skew = -24h;
  run_for(60s);
  EXPECT_THAT(a.changes, ElementsAre(true));
  EXPECT_THAT(b.changes, IsEmpty());
}

TEST_F(LeaderElectionTest, OfTenWhoStartTogetherOneLeadsWhateverFails) {
  for (int i = 0; i < 10; ++i) join("p" + std::to_string(i));
  base::Random dice(7);
  for (int round = 0; round < 200; ++round) {
    server.fault = [&dice](const Request&) -> std::optional<base::Result<Response>> {
      if (dice.fraction() > 0.5) return std::nullopt;
      return base::Result<Response>(Error{ErrorCode::kNetwork, "lost"});
    };
    run_for(3s);
    ASSERT_LE(stage.max, 1);
  }
  server.fault = nullptr;
  run_for(40s);
  EXPECT_EQ(stage.on_stage, 1);
}

}  // namespace
}  // namespace kube
