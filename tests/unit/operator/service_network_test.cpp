#include "operator/push/service_network.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "unit/operator/fixture.h"

namespace test {
namespace {

using registry::Networks;
using testing::ElementsAre;
using testing::IsEmpty;

class ServiceNetworkTest : public OperatorTest {
 protected:
  // Makes the API server answer requests by the beginning of their line, and all others with 404.
  void answers(std::map<std::string, std::pair<int, std::string>> table) {
    cluster.intercept =
        [=](const std::string& request) -> std::optional<base::Result<kube::Response>> {
      for (const auto& [key, value] : table) {
        if (request.starts_with(key)) return support::answer(value.first, value.second);
      }
      return support::answer(404, "{}");
    };
  }

  void learn(const std::string& kubernetes_address = "") {
    network = std::make_unique<controller::ServiceNetwork>(
        environment(), kubernetes_address,
        [this](Networks networks) { learned.push_back(std::move(networks)); });
    running = &world.start(network->learn());
    world.settle();
  }

  static Networks networks(const std::vector<std::string>& entries) {
    return *Networks::parse(entries);
  }

  std::unique_ptr<controller::ServiceNetwork> network;
  std::vector<Networks> learned;
  support::Running* running = nullptr;
};

const std::string kCidrs =
    R"({"metadata":{},"items":[{"metadata":{"name":"kubernetes"},)"
    R"("spec":{"cidrs":["10.96.0.0/16","fd00::/112"]}},{"spec":{"cidrs":["10.7.0.0/24"]}}]})";
const std::string kService =
    R"({"metadata":{"name":"kubernetes"},"spec":{"clusterIP":"10.43.0.1"}})";

TEST_F(ServiceNetworkTest, IsWhatTheObjectsSay) {
  answers({{"GET servicecidrs", {200, kCidrs}}});
  learn("10.43.0.1");
  EXPECT_TRUE(running->done());
  EXPECT_THAT(learned, ElementsAre(networks({"10.96.0.0/16", "fd00::/112", "10.7.0.0/24"})));
}

TEST_F(ServiceNetworkTest, IsGuessedFromTheAddressOfThePodWithoutThem) {
  answers({});
  learn("10.96.0.1");
  EXPECT_THAT(learned, ElementsAre(networks({"10.96.0.0/12"})));
}

TEST_F(ServiceNetworkTest, IsGuessedFromTheServiceOutsideOfAPod) {
  answers({{"GET servicecidrs", {403, R"({"kind":"Status","reason":"Forbidden","code":403})"}},
           {"GET services default/kubernetes", {200, kService}}});
  learn();
  EXPECT_THAT(learned, ElementsAre(networks({"10.43.0.0/16"})));
}

TEST_F(ServiceNetworkTest, MayBeUnknown) {
  answers({{"GET services default/kubernetes",
            {403, R"({"kind":"Status","reason":"Forbidden","code":403})"}}});
  learn();
  EXPECT_TRUE(running->done());
  EXPECT_THAT(learned, IsEmpty());
}

TEST_F(ServiceNetworkTest, IsAwaitedWhileTheApiServerDoesNotAnswer) {
  answers({{"GET servicecidrs", {503, "{}"}}});
  learn("10.96.0.1");
  EXPECT_FALSE(running->done());
  answers({{"GET servicecidrs", {200, kCidrs}}});
  world.run_for(limits::kNodeRetry + std::chrono::seconds(1));
  EXPECT_TRUE(running->done());
  EXPECT_EQ(learned.size(), 1U);
}

}  // namespace
}  // namespace test
