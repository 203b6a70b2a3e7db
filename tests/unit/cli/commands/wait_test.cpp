#include "cli/commands/wait.h"

#include <gmock/gmock.h>

#include "unit/cli/fixture.h"

namespace cli {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class Wait : public testing::Test, public Fixture {
 protected:
  // Starts the wait command. Its outcome is set when it ends.
  void start(seconds timeout = seconds(60)) {
    WaitCommand command;
    command.timeout = timeout;
    world.start(keep(command));
    world.settle();
  }

  void event(const std::string& type, const std::string& object) {
    transport.streams.back()->line(R"({"type":")" + type + R"(","object":)" + object + "}");
    world.settle();
  }

  boost::asio::awaitable<void> keep(WaitCommand command) {
    auto waiting = cli::run(session, std::move(command));
    outcome.emplace(co_await std::move(waiting));
  }

  std::optional<Outcome<int>> outcome;
};

TEST_F(Wait, WhatIsReadyIsNotWaitedFor) {
  have({registry_json("dev", "True", "Ready")});
  start();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(**outcome, 0);
  EXPECT_EQ(out.str(), "localregistry.localregistry.dev/dev condition met\n");
  EXPECT_EQ(err.str(), "");
  EXPECT_TRUE(transport.opened.empty());
}

TEST_F(Wait, PrintsTheResourceForTools) {
  have({registry_json("dev", "True", "Ready")});
  answers[path("dev")] = registry_json("dev", "True", "Ready");
  WaitCommand command;
  command.output = Output::kName;
  EXPECT_EQ(*run(command), 0);
  EXPECT_EQ(out.str(), "localregistry.localregistry.dev/dev\n");
  command.output = Output::kYaml;
  EXPECT_EQ(*run(command), 0);
  EXPECT_THAT(out.str(), HasSubstr("\nkind: LocalRegistry\n"));
}

TEST_F(Wait, SaysWhatItWaitsForUntilItIsReady) {
  have({registry_json("dev", "False", "Deploying")});
  start();
  EXPECT_FALSE(outcome);
  ASSERT_EQ(transport.opened.size(), 1U);
  EXPECT_THAT(transport.opened.front().target, HasSubstr("fieldSelector=metadata.name%3Ddev"));
  event("ADDED", registry_json("dev", "False", "ImagePullBackOff"));
  event("ADDED", registry_json("dev", "False", "ImagePullBackOff"));
  event("ADDED", registry_json("dev", "True", "Ready"));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(**outcome, 0);
  EXPECT_EQ(err.str(),
            "waiting for condition Ready of LocalRegistry dev: Deploying: why so\nwaiting for "
            "condition Ready of LocalRegistry dev: ImagePullBackOff: why so\n");
  world.stop();
}

TEST_F(Wait, IsNotReadyWhenTheTimeIsOver) {
  have({registry_json("dev", "False", "Deploying")});
  start(seconds(30));
  world.run_for(seconds(29));
  EXPECT_FALSE(outcome);
  world.run_for(seconds(2));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error(),
            (Failure{ExitCode::kNotReady,
                     "LocalRegistry dev is not Ready after 30s: Deploying: why so"}));
}

TEST_F(Wait, WithoutTimeItLooksOnce) {
  have({registry_json("dev", "False", "Deploying")});
  start(seconds(0));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error().code, ExitCode::kNotReady);
  EXPECT_TRUE(transport.opened.empty());
}

TEST_F(Wait, ADeletedResourceIsNotWaitedFor) {
  have({registry_json("dev", "False", "Deploying")});
  start();
  event("ADDED", registry_json("dev", "False", "Deploying"));
  event("DELETED", registry_json("dev", "False", "Deploying"));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error(), (Failure{ExitCode::kNotFound, "LocalRegistry dev was deleted"}));
  world.stop();
}

}  // namespace
}  // namespace cli
