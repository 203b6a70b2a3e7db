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
  // Makes the API server answer requests by their path, and all others with 404.
  void answers(std::map<std::string, std::pair<int, std::string>> table) {
    transport.on_send = [=](const kube::Request& request) -> base::Result<kube::Response> {
      const auto found = table.find(request.target.substr(0, request.target.find('?')));
      if (found == table.end()) return support::answer(404, "{}");
      return support::answer(found->second.first, found->second.second);
    };
  }

  void detect(const std::string& kubernetes_address = "") {
    network = std::make_unique<controller::ServiceNetwork>(
        environment(), kubernetes_address,
        [this](Networks networks) { learned.push_back(std::move(networks)); });
    running = &world.start(network->detect());
    world.settle();
  }

  static Networks networks(const std::vector<std::string>& entries) {
    return *Networks::parse(entries);
  }

  std::unique_ptr<controller::ServiceNetwork> network;
  std::vector<Networks> learned;
  support::Running* running = nullptr;
};

const std::string kCidrsPath = "/apis/networking.k8s.io/v1/servicecidrs";
const std::string kServicePath = "/api/v1/namespaces/default/services/kubernetes";
const std::string kCidrs =
    R"({"metadata":{},"items":[{"metadata":{"name":"kubernetes"},)"
    R"("spec":{"cidrs":["10.96.0.0/16","fd00::/112"]}},{"spec":{"cidrs":["10.7.0.0/24"]}}]})";
const std::string kService =
    R"({"metadata":{"name":"kubernetes"},"spec":{"clusterIP":"10.43.0.1"}})";

TEST_F(ServiceNetworkTest, IsWhatTheObjectsSay) {
  answers({{kCidrsPath, {200, kCidrs}}});
  detect("10.43.0.1");
  EXPECT_TRUE(running->done());
  EXPECT_THAT(learned, ElementsAre(networks({"10.96.0.0/16", "fd00::/112", "10.7.0.0/24"})));
}

TEST_F(ServiceNetworkTest, IsGuessedFromTheAddressOfThePodWithoutThem) {
  answers({});
  detect("10.96.0.1");
  EXPECT_THAT(learned, ElementsAre(networks({"10.96.0.0/12"})));
}

TEST_F(ServiceNetworkTest, IsGuessedFromTheServiceOutsideOfAPod) {
  answers({{kCidrsPath, {403, R"({"kind":"Status","reason":"Forbidden","code":403})"}},
           {kServicePath, {200, kService}}});
  detect();
  EXPECT_THAT(learned, ElementsAre(networks({"10.43.0.0/16"})));
}

TEST_F(ServiceNetworkTest, MayBeUnknown) {
  answers({{kServicePath, {403, R"({"kind":"Status","reason":"Forbidden","code":403})"}}});
  detect();
  EXPECT_TRUE(running->done());
  EXPECT_THAT(learned, IsEmpty());
}

TEST_F(ServiceNetworkTest, IsAwaitedWhileTheApiServerDoesNotAnswer) {
  answers({{kCidrsPath, {503, "{}"}}});
  detect("10.96.0.1");
  EXPECT_FALSE(running->done());
  answers({{kCidrsPath, {200, kCidrs}}});
  world.run_for(limits::kNodeRetry + std::chrono::seconds(1));
  EXPECT_TRUE(running->done());
  EXPECT_EQ(learned.size(), 1U);
}

}  // namespace
}  // namespace test
