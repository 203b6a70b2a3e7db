#include "cli/commands/rewrite.h"

#include <gmock/gmock.h>

#include "unit/cli/fixture.h"

namespace cli {
namespace {

using testing::HasSubstr;

constexpr const char* kTwoImages =
    R"(,"images":[{"name":"backend","image":"ghcr.io/org/app","pushPermission":"Denied",)"
    R"("delivery":"LocalRegistry","resolved":"localhost:31234/org/app"}])";

TEST(RewriteCommand, TheImagesAreThoseThatTheLocalRegistryDelivers) {
  Fixture fixture;
  fixture.have({registry_json("dev", "True", "Ready", kTwoImages)});
  const auto targets = fixture.world.result_of(ask_targets(fixture.session, ""));
  ASSERT_TRUE(targets) << targets.error().message;
  ASSERT_EQ(targets->size(), 1U);
  EXPECT_EQ(api::repository(targets->front().repository), "ghcr.io/org/app");
  EXPECT_EQ(targets->front().registry, "localhost:31234");
}

TEST(RewriteCommand, WhatIsDeliveredElsewhereIsLeftAsItIs) {
  api::LocalRegistry registry;
  registry.spec.images = {{"a", "ghcr.io/org/app", {}}};
  registry.status.images.emplace_back();
  registry.status.images[0].name = "a";
  registry.status.images[0].image = "ghcr.io/org/app";
  registry.status.images[0].delivery = api::Delivery::kUpstream;
  EXPECT_TRUE(rewrite_targets(registry)->empty());
  registry.status.images[0].delivery.reset();
  EXPECT_EQ(rewrite_targets(registry).error().code, ExitCode::kNotReady);
}

TEST(RewriteCommand, WithImagesNobodyIsAsked) {
  RewriteCommand command;
  command.images = {"alpine", "ghcr.io/org/app"};
  command.registry_url = "localhost:31234";
  EXPECT_TRUE(is_offline(command));
  const auto targets = rewrite_targets(command);
  ASSERT_TRUE(targets);
  EXPECT_EQ(api::repository(targets->at(0).repository), "docker.io/library/alpine");
  EXPECT_EQ(targets->at(1).registry, "localhost:31234");
}

TEST(RewriteCommand, WhatIsNoRepositoryOrNoHostIsAUsageError) {
  RewriteCommand command;
  command.registry_url = "localhost:31234";
  for (const char* image : {"Upper", "app:v1", ""}) {
    command.images = {image};
    EXPECT_EQ(rewrite_targets(command).error().code, ExitCode::kUsage) << image;
  }
  command.images = {"app"};
  for (const char* url : {"", "registry", "http://localhost:5000", "localhost:5000/x", "a b:1",
                          "localhost", "localhost:0", "localhost:99999"}) {
    command.registry_url = url;
    EXPECT_THAT(rewrite_targets(command).error().message, HasSubstr("--registry-url")) << url;
  }
}

}  // namespace
}  // namespace cli
