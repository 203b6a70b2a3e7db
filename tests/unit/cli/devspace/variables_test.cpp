#include "cli/devspace/variables.h"

#include <gmock/gmock.h>

#include "json/value.h"

namespace cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// Returns a registry that delivers the two images of the example in the manual.
api::LocalRegistry example() {
  api::LocalRegistry registry;
  registry.metadata.name = "dev";
  registry.spec.images = {{"backend", "ghcr.io/org/project/image", {"v1", "stable"}},
                          {"backend-dev", "ghcr.io/org/project/image-dev", {}}};
  for (const api::ImageSpec& image : registry.spec.images) {
    api::ImageStatus status;
    status.name = image.name;
    status.image = image.image;
    status.delivery = api::Delivery::kLocalRegistry;
    status.resolved = "localhost:31234" + image.image.substr(image.image.find('/'));
    registry.status.images.push_back(status);
  }
  return registry;
}

std::string printed(const api::LocalRegistry& registry, VariablesFormat format,
                    const std::string& only = {}) {
  return *print_variables(*image_variables(registry, only), format);
}

TEST(Variables, AreThoseOfTheManualsPageForEachImage) {
  const auto images = image_variables(example());
  ASSERT_TRUE(images);
  ASSERT_EQ(images->size(), 2U);
  EXPECT_THAT(images->at(0).runtime,
              ElementsAre(Pair("runtime.images.backend", "localhost:31234/org/project/image:v1"),
                          Pair("runtime.images.backend.image", "localhost:31234/org/project/image"),
                          Pair("runtime.images.backend.tag", "v1")));
  EXPECT_THAT(images->at(0).hook,
              ElementsAre(Pair("DEVSPACE_HOOK_IMAGE_NAME", "localhost:31234/org/project/image"),
                          Pair("DEVSPACE_HOOK_IMAGE_CONFIG_NAME", "backend"),
                          Pair("DEVSPACE_HOOK_IMAGE_TAGS", R"(["v1","stable"])"),
                          Pair("DEVSPACE_HOOK_IMAGE_CONFIG",
                               R"({"name":"backend","image":"ghcr.io/org/project/image",)"
                               R"("tags":["v1","stable"]})")));
}

TEST(Variables, AnImageWithoutTagsIsTheLatest) {
  const auto images = image_variables(example(), "backend-dev");
  ASSERT_TRUE(images);
  ASSERT_EQ(images->size(), 1U);
  EXPECT_EQ(images->front().runtime.at(0).second, "localhost:31234/org/project/image-dev:latest");
  EXPECT_EQ(images->front().runtime.at(2).second, "latest");
  EXPECT_EQ(images->front().hook.at(2).second, R"(["latest"])");
}

TEST(Variables, AnImageThatIsNotDeliveredByTheLocalRegistryKeepsItsName) {
  for (const auto delivery : {api::Delivery::kUpstream, api::Delivery::kKindLoad}) {
    api::LocalRegistry registry = example();
    registry.status.images[0].delivery = delivery;
    registry.status.images[0].resolved = "";
    EXPECT_EQ(image_variables(registry)->front().runtime.front().second,
              "ghcr.io/org/project/image:v1");
  }
}

TEST(Variables, WhatIsNotDecidedYetIsAFailure) {
  api::LocalRegistry registry = example();
  registry.status.images[0].resolved = "";
  EXPECT_EQ(image_variables(registry).error().code, ExitCode::kNotReady);
  EXPECT_THAT(image_variables(registry).error().message, HasSubstr("has no node port yet: "));
  registry.status.images[0].delivery.reset();
  EXPECT_THAT(image_variables(registry).error().message, HasSubstr("kubectl localregistry wait"));
  registry.status.images[0].message = "the path is that of image other";
  EXPECT_EQ(image_variables(registry).error().message,
            "image backend: the path is that of image other");
  registry = example();
  registry.status.images[0].image = "ghcr.io/org/earlier";
  EXPECT_EQ(image_variables(registry).error().code, ExitCode::kNotReady);
  EXPECT_TRUE(image_variables(registry, "backend-dev"));
}

// The message suggests `localregistry wait` only where the state can change without the user.
TEST(Variables, AFailureHasTheConditionsOwnMessage) {
  for (const std::string reason : {"NodePortTaken", "NameConflict", "Forbidden", "Deploying"}) {
    api::LocalRegistry registry = example();
    registry.metadata.name = "dev";
    registry.metadata.generation = 3;
    registry.status.images[0].resolved = "";
    registry.status.conditions = {{"Ready", "False", reason, "what to do", 3, {}}};
    const std::string message = image_variables(registry).error().message;
    EXPECT_THAT(message, HasSubstr(reason + ": what to do"));
    EXPECT_EQ(message.find("localregistry wait") != std::string::npos, reason == "Deploying");
    registry.status.images[0].delivery.reset();
    EXPECT_THAT(image_variables(registry).error().message, HasSubstr(reason + ": what to do"));
    registry.metadata.generation = 4;
    EXPECT_THAT(image_variables(registry).error().message, HasSubstr("localregistry wait dev"));
  }
}

TEST(Variables, AnImageThatIsNotDeclaredIsNotFound) {
  EXPECT_EQ(image_variables(example(), "frontend").error().code, ExitCode::kNotFound);
  api::LocalRegistry none = example();
  none.spec.images.clear();
  EXPECT_EQ(image_variables(none).error().code, ExitCode::kNotFound);
}

TEST(Variables, TwoImagesWithOneVariableAreRefused) {
  api::LocalRegistry registry = example();
  registry.spec.images[1].name = registry.status.images[1].name = "backend.tag";
  EXPECT_THAT(image_variables(registry).error().message, HasSubstr("runtime.images.backend.tag"));
}

TEST(Variables, NothingIsSlippedIntoWhatAShellEvaluates) {
  api::LocalRegistry registry = example();
  for (const char* resolved : {"x\ntouch /tmp/slipped #", "$(touch /tmp/slipped)/app",
                               "localhost:31234/app:tag", "localhost:31234/a;b"}) {
    registry.status.images[0].resolved = resolved;
    const auto images = image_variables(registry, "backend");
    ASSERT_FALSE(images) << resolved;
    EXPECT_THAT(images.error().message, HasSubstr("is not a repository"));
  }
  const std::vector<ImageVariables> images = {{"a", {}, {{"A", "x\u009b"}}}};
  for (const auto format :
       {VariablesFormat::kShell, VariablesFormat::kEnv, VariablesFormat::kDotenv}) {
    EXPECT_FALSE(print_variables(images, format));
    EXPECT_FALSE(print_variables({{"a", {{"a\nb", "x"}}, {}}}, format));
  }
}

TEST(Variables, TheShellFormatExportsWhatAShellCanName) {
  EXPECT_EQ(printed(example(), VariablesFormat::kShell, "backend"),
            R"(# runtime.images.backend=localhost:31234/org/project/image:v1
# runtime.images.backend.image=localhost:31234/org/project/image
# runtime.images.backend.tag=v1
export DEVSPACE_HOOK_IMAGE_NAME='localhost:31234/org/project/image'
export DEVSPACE_HOOK_IMAGE_CONFIG_NAME='backend'
export DEVSPACE_HOOK_IMAGE_TAGS='["v1","stable"]'
)"
            R"(export DEVSPACE_HOOK_IMAGE_CONFIG='{"name":"backend",)"
            R"("image":"ghcr.io/org/project/image","tags":["v1","stable"]}'
)");
}

TEST(Variables, TheEnvFormatIsOneWordALine) {
  EXPECT_EQ(printed(example(), VariablesFormat::kEnv, "backend-dev"),
            R"(runtime.images.backend-dev=localhost:31234/org/project/image-dev:latest
runtime.images.backend-dev.image=localhost:31234/org/project/image-dev
runtime.images.backend-dev.tag=latest
DEVSPACE_HOOK_IMAGE_NAME=localhost:31234/org/project/image-dev
DEVSPACE_HOOK_IMAGE_CONFIG_NAME=backend-dev
DEVSPACE_HOOK_IMAGE_TAGS=["latest"]
DEVSPACE_HOOK_IMAGE_CONFIG={"name":"backend-dev","image":"ghcr.io/org/project/image-dev"}
)");
}

TEST(Variables, DotenvTellsTheImagesApart) {
  EXPECT_THAT(printed(example(), VariablesFormat::kDotenv),
              HasSubstr("# image backend-dev\nruntime.images.backend-dev=localhost:31234/"));
}

TEST(Variables, JsonHasAnObjectForEachHook) {
  const auto document = json::Document::parse(printed(example(), VariablesFormat::kJson));
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().find("variables")->size(), 6U);
  const json::View hooks = *document->root().find("hooks");
  ASSERT_EQ(hooks.size(), 2U);
  EXPECT_EQ(hooks.element(1).find("DEVSPACE_HOOK_IMAGE_CONFIG_NAME")->string(), "backend-dev");
  EXPECT_THAT(printed(example(), VariablesFormat::kYaml),
              HasSubstr("\n  - DEVSPACE_HOOK_IMAGE_NAME: localhost:31234/org/project/image\n"));
}

TEST(Variables, ValuesAreQuotedWhereTheFormatNeedsIt) {
  const std::vector<ImageVariables> images = {{"a", {}, {{"A", "x y $z"}, {"B", "it's"}}}};
  EXPECT_EQ(*print_variables(images, VariablesFormat::kShell),
            "export A='x y $z'\nexport B='it'\\''s'\n");
  EXPECT_EQ(print_variables(images, VariablesFormat::kEnv).error().code, ExitCode::kFailure);
  EXPECT_EQ(print_variables(images, VariablesFormat::kDotenv).error().code, ExitCode::kFailure);
  EXPECT_EQ(*print_variables({{"a", {}, {{"A", "x y $z"}}}}, VariablesFormat::kDotenv),
            "A='x y $z'\n");
}

}  // namespace
}  // namespace cli
