#include "cli/commands/build.h"

#include <gmock/gmock.h>

namespace cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

api::LocalRegistry example() {
  api::LocalRegistry registry;
  registry.metadata.name = "dev";
  registry.metadata.namespace_name = "team";
  registry.spec.port = 5001;
  registry.spec.images = {{"backend", "ghcr.io/org/app", {"v1", "v2"}}};
  registry.status.url = "localhost:31234";
  registry.status.delivery = api::Delivery::kLocalRegistry;
  api::ImageStatus status;
  status.name = "backend";
  status.image = "ghcr.io/org/app";
  status.delivery = api::Delivery::kLocalRegistry;
  status.resolved = "localhost:31234/org/app";
  registry.status.images = {status};
  return registry;
}

BuildRun run_of(const BuildCommand& command, const Connection& connection = {}) {
  const auto run = build_run(example(), "registry-x", connection, command);
  EXPECT_TRUE(run) << run.error().message;
  return run ? *run : BuildRun();
}

TEST(Build, BuildctlIsToldPodContextAndName) {
  BuildCommand command;
  command.tags = {"ghcr.io/org/app:dev"};
  const BuildRun run = run_of(command);
  EXPECT_THAT(
      run.command,
      ElementsAre("buildctl", "--addr", "kube-pod://registry-x?namespace=team&container=buildkitd",
                  "build", "--frontend", "dockerfile.v0", "--local", "context=.", "--local",
                  "dockerfile=.", "--opt", "filename=Dockerfile", "--output",
                  "type=image,\"name=localhost:5001/org/app:dev\",push=true,"
                  "registry.insecure=true"));
  EXPECT_THAT(run.results, ElementsAre("localhost:31234/org/app:dev"));
  EXPECT_THAT(run.variables, IsEmpty());
}

TEST(Build, AContextMayHaveAnyName) {
  BuildCommand command;
  command.tags = {"backend"};
  const std::string before = "kube-pod://registry-x?namespace=team&container=buildkitd&context=";
  const std::pair<const char*, const char*> cases[] = {
      {"dev+foo", "dev%2Bfoo"},
      {"my first cluster", "my%20first%20cluster"},
      {"R&D", "R%26D"},
      {"team/api:6443/kube:admin", "team%2Fapi%3A6443%2Fkube%3Aadmin"},
      {"dev#1", "dev%231"},
      {"50%25", "50%2525"},
      {"kind-dev.1_x", "kind-dev.1_x"}};
  for (const auto& [name, encoded] : cases) {
    Connection connection;
    connection.context = name;
    EXPECT_EQ(run_of(command, connection).command[2], before + encoded);
  }
}

TEST(Build, ItsFlagsArePassedThrough) {
  BuildCommand command;
  command.context = "src";
  command.tags = {"backend"};
  command.file = "docker/dev.Dockerfile";
  command.target = "test";
  command.build_args = {"A=1", "B=2"};
  command.platforms = {"linux/amd64", "linux/arm64"};
  command.secrets = {"id=token,src=token.txt"};
  command.ssh = {"default"};
  command.no_cache = true;
  command.progress = "plain";
  Connection connection;
  connection.kubeconfig = "file";
  connection.context = "c";
  const BuildRun run = run_of(command, connection);
  EXPECT_THAT(
      run.command,
      ElementsAre("buildctl", "--addr",
                  "kube-pod://registry-x?namespace=team&container=buildkitd&context=c", "build",
                  "--frontend", "dockerfile.v0", "--local", "context=src", "--local",
                  "dockerfile=docker", "--opt", "filename=dev.Dockerfile", "--opt", "target=test",
                  "--opt", "build-arg:A=1", "--opt", "build-arg:B=2", "--opt",
                  "platform=linux/amd64,linux/arm64", "--secret", "id=token,src=token.txt", "--ssh",
                  "default", "--no-cache", "--progress", "plain", "--output",
                  "type=image,\"name=localhost:5001/org/app:v1,localhost:5001/org/app:v2\","
                  "push=true,registry.insecure=true"));
  EXPECT_THAT(run.results, ElementsAre("localhost:31234/org/app:v1", "localhost:31234/org/app:v2"));
  EXPECT_THAT(run.variables, ElementsAre(Pair("KUBECONFIG", "file")));
}

TEST(Build, TheReferencesArePrintedAsTheyAreAskedFor) {
  BuildCommand command;
  command.tags = {"backend"};
  EXPECT_EQ(print(run_of(command)), "localhost:31234/org/app:v1\nlocalhost:31234/org/app:v2\n");
  command.output = Output::kName;
  EXPECT_EQ(print(run_of(command)), "localhost:31234/org/app:v1\nlocalhost:31234/org/app:v2\n");
  command.output = Output::kYaml;
  EXPECT_EQ(print(run_of(command)),
            "- reference: localhost:31234/org/app:v1\n- reference: localhost:31234/org/app:v2\n");
}

TEST(Build, WhatKindLoadsIsNotBuiltHere) {
  api::LocalRegistry registry = example();
  registry.status.images[0].delivery = api::Delivery::kKindLoad;
  BuildCommand command;
  command.tags = {"backend"};
  EXPECT_THAT(build_run(registry, "x", {}, command).error().message,
              HasSubstr("kubectl localregistry push"));
}

}  // namespace
}  // namespace cli
