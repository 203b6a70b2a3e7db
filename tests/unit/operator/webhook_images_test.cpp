#include "operator/webhook/webhook_images.h"

#include <gmock/gmock.h>

#include "unit/operator/fixture.h"

namespace {

using testing::IsEmpty;

// Returns a resource whose registry delivers `image`.
api::LocalRegistry delivering(const std::string& name, int port, const std::string& image) {
  api::LocalRegistry registry = test::a_registry();
  registry.metadata.name = name;
  registry.spec.name = name;
  registry.status.node_port = port;
  registry.status.url = "localhost:" + std::to_string(port);
  api::ImageStatus status;
  status.name = "main";
  status.image = image;
  status.delivery = api::Delivery::kLocalRegistry;
  registry.status.images = {status};
  return registry;
}

class WebhookImages : public test::OperatorTest {
 protected:
  std::string rewritten(const std::string& image, const std::string& namespace_name = "team-a") {
    return controller::rewriter_for(*caches, namespace_name).rewrite(image).value_or("");
  }
};

TEST_F(WebhookImages, AreThoseThatARegistryOfTheNamespaceDelivers) {
  cluster.put(delivering("dev", 31234, "ghcr.io/org/image"));
  api::LocalRegistry other = delivering("dev", 32000, "ghcr.io/org/other");
  other.metadata.namespace_name = "team-b";
  cluster.put(other);
  watch();
  EXPECT_EQ(rewritten("ghcr.io/org/image:1"), "localhost:31234/org/image:1");
  EXPECT_EQ(rewritten("ghcr.io/org/other:1"), "");
  EXPECT_EQ(rewritten("ghcr.io/org/other:1", "team-b"), "localhost:32000/org/other:1");
  EXPECT_EQ(rewritten("ghcr.io/org/image:1", "team-c"), "");
}

TEST_F(WebhookImages, OfTwoResourcesTheOlderCountsAndThenTheFirstByName) {
  cluster.put(delivering("c", 30003, "ghcr.io/org/other"));
  world.run_for(std::chrono::seconds(1));
  cluster.put(delivering("b", 30002, "ghcr.io/org/image"));
  cluster.put(delivering("a", 30001, "ghcr.io/org/image"));
  watch();
  EXPECT_EQ(rewritten("ghcr.io/org/image"), "localhost:30001/org/image");
  cluster.put(delivering("c", 30003, "ghcr.io/org/image"));
  settle();
  EXPECT_EQ(rewritten("ghcr.io/org/image"), "localhost:30003/org/image");
}

TEST_F(WebhookImages, WithoutAPortOrWithAnotherDeliveryNothingIsRewritten) {
  watch();
  const auto with = [&](auto change) {
    api::LocalRegistry registry = delivering("dev", 31234, "ghcr.io/org/image");
    change(registry);
    cluster.put(registry);
    settle();
    return rewritten("ghcr.io/org/image");
  };
  EXPECT_EQ(with([](api::LocalRegistry&) {}), "localhost:31234/org/image");
  EXPECT_EQ(with([](api::LocalRegistry& registry) {
              registry.status.images[0].delivery = api::Delivery::kUpstream;
            }),
            "");
  EXPECT_EQ(with([](api::LocalRegistry& registry) { registry.status.images[0].delivery.reset(); }),
            "");
  EXPECT_EQ(with([](api::LocalRegistry& registry) { registry.status.node_port = 0; }), "");
  EXPECT_EQ(with([](api::LocalRegistry& registry) { registry.status.images[0].image = "A B"; }),
            "");
  EXPECT_EQ(with([](api::LocalRegistry& registry) {
              registry.metadata.finalizers = {"example.com/hold"};
            }),
            "localhost:31234/org/image");
  cluster.erase<api::LocalRegistry>({"team-a", "dev"});
  settle();
  EXPECT_EQ(rewritten("ghcr.io/org/image"), "") << "it is being deleted";
}

TEST_F(WebhookImages, FollowTheStatus) {
  cluster.put(delivering("dev", 31234, "ghcr.io/org/image"));
  watch();
  EXPECT_EQ(rewritten("ghcr.io/org/image"), "localhost:31234/org/image");
  cluster.put(delivering("dev", 31999, "ghcr.io/org/image"));
  settle();
  EXPECT_EQ(rewritten("ghcr.io/org/image"), "localhost:31999/org/image");
  cluster.erase<api::LocalRegistry>({"team-a", "dev"});
  settle();
  EXPECT_THAT(rewritten("ghcr.io/org/image"), IsEmpty());
}

}  // namespace
