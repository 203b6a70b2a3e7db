#include "cli/cluster/push_target.h"

#include <gmock/gmock.h>

namespace cli {
namespace {

using testing::HasSubstr;

api::ImageStatus delivered(const std::string& name, const std::string& image,
                           api::Delivery delivery) {
  api::ImageStatus status;
  status.name = name;
  status.image = image;
  status.delivery = delivery;
  return status;
}

// Returns a registry at localhost:31234 that declares one image for each kind of delivery.
api::LocalRegistry example() {
  api::LocalRegistry registry;
  registry.metadata.name = "dev";
  registry.spec.images = {{"backend", "ghcr.io/org/app", {"v1", "v2"}},
                          {"public", "quay.io/org/public", {}},
                          {"kind", "alpine", {}}};
  registry.status.url = "localhost:31234";
  registry.status.delivery = api::Delivery::kLocalRegistry;
  registry.status.images = {delivered("backend", "ghcr.io/org/app", api::Delivery::kLocalRegistry),
                            delivered("public", "quay.io/org/public", api::Delivery::kUpstream),
                            delivered("kind", "alpine", api::Delivery::kKindLoad)};
  registry.status.images[0].resolved = "localhost:31234/org/app";
  return registry;
}

PushTarget target(const std::string& image, const api::LocalRegistry& registry = example()) {
  const auto targets = push_targets(registry, image);
  EXPECT_TRUE(targets) << targets.error().message;
  return targets ? targets->front() : PushTarget();
}

Failure failure(const std::string& image, const api::LocalRegistry& registry = example()) {
  const auto targets = push_targets(registry, image);
  return targets ? Failure{ExitCode::kOk, ""} : targets.error();
}

TEST(PushTarget, ADeclaredImageGoesWhereItIsDelivered) {
  const PushTarget local = target("ghcr.io/org/app:dev");
  EXPECT_EQ(local.delivery, api::Delivery::kLocalRegistry);
  EXPECT_EQ(local.source, "ghcr.io/org/app:dev");
  EXPECT_EQ(local.path, "org/app");
  EXPECT_EQ(local.tag, "dev");
  EXPECT_EQ(local.resolved, "localhost:31234/org/app:dev");
  const PushTarget kind = target("alpine");
  EXPECT_EQ(kind.delivery, api::Delivery::kKindLoad);
  EXPECT_EQ(kind.source, "docker.io/library/alpine:latest");
  EXPECT_EQ(kind.resolved, "docker.io/library/alpine:latest");
}

TEST(PushTarget, TheNameOfADeclaredImageStandsForEachOfItsTags) {
  const auto targets = push_targets(example(), "backend");
  ASSERT_TRUE(targets);
  ASSERT_EQ(targets->size(), 2U);
  EXPECT_EQ(targets->at(0).source, "ghcr.io/org/app:v1");
  EXPECT_EQ(targets->at(1).resolved, "localhost:31234/org/app:v2");
  EXPECT_EQ(target("kind").tag, "latest");
}

TEST(PushTarget, WhatIsNotDeclaredGoesWhereAllGoes) {
  EXPECT_EQ(target("busybox:1.36").resolved, "localhost:31234/library/busybox:1.36");
  EXPECT_EQ(target("localhost:31234/a/b:c").resolved, "localhost:31234/a/b:c");
  api::LocalRegistry registry = example();
  registry.status.delivery = api::Delivery::kKindLoad;
  EXPECT_EQ(target("busybox", registry).delivery, api::Delivery::kKindLoad);
}

TEST(PushTarget, WhatItsOwnRegistryDeliversIsNotPushed) {
  EXPECT_EQ(failure("quay.io/org/public:dev").code, ExitCode::kFailure);
  EXPECT_THAT(failure("public").message, HasSubstr("use docker push"));
}

TEST(PushTarget, WithoutARegistryNothingIsPushed) {
  api::LocalRegistry registry = example();
  registry.status.url.clear();
  EXPECT_EQ(failure("busybox", registry).code, ExitCode::kNotReady);
  registry.status.url = "user@evil.example:1/x";
  EXPECT_THAT(failure("busybox", registry).message, HasSubstr("not HOST:PORT"));
  registry.status.delivery.reset();
  EXPECT_THAT(failure("busybox", registry).message, HasSubstr("kubectl localregistry wait dev"));
}

TEST(PushTarget, WhatIsNoTagIsRefused) {
  EXPECT_EQ(failure("Upper").code, ExitCode::kUsage);
  EXPECT_EQ(failure("").code, ExitCode::kUsage);
  EXPECT_THAT(failure("app@sha256:" + std::string(64, 'a')).message, HasSubstr("has a digest"));
}

TEST(PushTarget, TheKindClusterIsNamedByTheContext) {
  EXPECT_EQ(*kind_cluster("kind-test"), "test");
  EXPECT_EQ(*kind_cluster("kind-kind"), "kind");
  EXPECT_EQ(kind_cluster("minikube").error().code, ExitCode::kUsage);
  EXPECT_EQ(kind_cluster("kind-").error().code, ExitCode::kUsage);
}

}  // namespace
}  // namespace cli
