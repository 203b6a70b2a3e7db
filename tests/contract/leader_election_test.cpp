// Leader election on a real Lease. Each participant has its own connections.
#include "kube/leader_election.h"

#include "contract/contract.h"

namespace contract {
namespace {

boost::asio::awaitable<void> sleep_long(base::Clock& clock) { co_await clock.sleep_for(1h); }

// Cuttable is the real transport until it is cut. Then every request fails.
class Cuttable final : public kube::Transport {
 public:
  explicit Cuttable(std::unique_ptr<kube::Transport> real) : real_(std::move(real)) {}

  boost::asio::awaitable<base::Result<kube::Response>> send(kube::Request request) override {
    if (cut) return fail<kube::Response>();
    return real_->send(std::move(request));
  }

  boost::asio::awaitable<base::Result<kube::Opened>> open(kube::Request request) override {
    if (cut) return fail<kube::Opened>();
    return real_->open(std::move(request));
  }

  bool cut = false;

 private:
  template <class T>
  static boost::asio::awaitable<base::Result<T>> fail() {
    co_return base::Error{base::ErrorCode::kNetwork, "cut"};
  }

  std::unique_ptr<kube::Transport> real_;
};

class LeaderElectionContract : public ContractTest {
 protected:
  struct Participant {
    std::unique_ptr<Cuttable> transport;
    std::unique_ptr<kube::LeaderElection> election;
    Running* running = nullptr;
  };

  Participant& join(const std::string& identity) {
    participants.push_back(std::make_unique<Participant>());
    Participant* one = participants.back().get();
    one->transport = std::make_unique<Cuttable>(connect());
    kube::LeaderElectionOptions options;
    options.lease = key("lease");
    options.identity = identity;
    options.duration = 3s;
    options.renew_deadline = 2s;
    options.retry = 500ms;
    one->election =
        std::make_unique<kube::LeaderElection>(environment(kube::Client(*one->transport)), options);
    one->running = &start(one->election->run([this] { return sleep_long(clock); }));
    return *one;
  }

  void TearDown() override {
    for (const auto& one : participants) stop(*one->running);
  }

  std::vector<std::unique_ptr<Participant>> participants;
};

using Seconds = std::chrono::duration<double>;

TEST_F(LeaderElectionContract, OneLeadsAndRenewsAndTheOthersWait) {
  Participant& a = join("a");
  ASSERT_TRUE(eventually([&] { return a.election->leading(); }));
  Participant& b = join("b");
  let_pass(5s);
  EXPECT_TRUE(a.election->leading());
  EXPECT_FALSE(b.election->leading());
  EXPECT_EQ(b.election->holder(), "a");
  const auto lease = result_of(client.get<api::Lease>(key("lease")));
  EXPECT_EQ(lease->spec.holder_identity, "a");
  EXPECT_EQ(lease->spec.lease_duration_seconds, 3);
  EXPECT_GT(lease->spec.renew_time->time, lease->spec.acquire_time->time);
}

TEST_F(LeaderElectionContract, AHandOverOnExitTakesLessThanASecond) {
  Participant& a = join("a");
  ASSERT_TRUE(eventually([&] { return a.election->leading(); }));
  Participant& b = join("b");
  ASSERT_TRUE(eventually([&] { return b.election->holder() == "a"; }));
  let_pass(1s);
  const auto began = clock.now();
  stop(*a.running);
  ASSERT_TRUE(eventually([&] { return b.election->leading(); }));
  const Seconds took = clock.now() - began;
  RecordProperty("hand_over_ms", static_cast<int>(took.count() * 1000));
  EXPECT_LT(took.count(), 1.0);
  const auto lease = result_of(client.get<api::Lease>(key("lease")));
  EXPECT_EQ(lease->spec.lease_transitions, 1);
}

TEST_F(LeaderElectionContract, ALeaderThatIsCutOffStopsBeforeAnotherBegins) {
  Participant& a = join("a");
  ASSERT_TRUE(eventually([&] { return a.election->leading(); }));
  Participant& b = join("b");
  let_pass(1s);
  a.transport->cut = true;
  const auto began = clock.now();
  ASSERT_TRUE(eventually([&] {
    EXPECT_FALSE(a.election->leading() && b.election->leading());
    return b.election->leading();
  }));
  const Seconds took = clock.now() - began;
  RecordProperty("crash_ms", static_cast<int>(took.count() * 1000));
  EXPECT_LT(took.count(), 3.5);
}

TEST_F(LeaderElectionContract, ManyWhoStartTogetherHaveOneLeader) {
  for (int i = 0; i < 8; ++i) join("p" + std::to_string(i));
  const auto leaders = [this] {
    int count = 0;
    for (const auto& one : participants) count += one->election->leading() ? 1 : 0;
    return count;
  };
  ASSERT_TRUE(eventually([&] { return leaders() == 1; }));
  let_pass(3s);
  EXPECT_EQ(leaders(), 1);
}

TEST_F(LeaderElectionContract, WithoutRightsItWaitsAndSaysWhy) {
  const auto nobody = connect("nobody");
  kube::LeaderElectionOptions options;
  options.lease = key("lease");
  options.identity = "nobody";
  kube::LeaderElection election(environment(kube::Client(*nobody)), options);
  Running& running = start(election.run([this] { return sleep_long(clock); }));
  EXPECT_TRUE(eventually([&] { return !election.waiting_for().empty(); }));
  EXPECT_THAT(election.waiting_for(), testing::HasSubstr("User \"nobody\" cannot get resource"));
  stop(running);
}

}  // namespace
}  // namespace contract
