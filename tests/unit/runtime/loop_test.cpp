#include "runtime/loop.h"

#include <gmock/gmock.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>
#include <vector>

namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

class Loop : public testing::Test {
 protected:
  // The names of the handlers that ran, and the pauses of the loop.
  std::vector<std::string> log;
  std::chrono::milliseconds poll_pause{0};
  boost::asio::io_context context{1};

  void post(const std::string& name) {
    boost::asio::post(context, [this, name] { log.push_back(name); });
  }

  void run(const std::function<void()>& meanwhile = [] {}) {
    runtime::run(
        context, [this] { return poll_pause; },
        [&](base::Clock::Duration wait) {
          EXPECT_EQ(wait, poll_pause);
          log.emplace_back("pause");
          meanwhile();
        });
  }
};

TEST_F(Loop, WithoutPatienceNothingWaits) {
  post("a");
  boost::asio::steady_timer timer(context, 1ms);
  timer.async_wait([this](const auto&) { log.emplace_back("b"); });
  run();
  EXPECT_THAT(log, ElementsAre("a", "b"));
}

TEST_F(Loop, WhatComesDuringAPauseIsDoneTogether) {
  poll_pause = 5ms;
  post("a");
  int pauses = 0;
  boost::asio::steady_timer later(context, 1ms);  // keeps the context waiting
  later.async_wait([](const auto&) {});
  run([&] {
    if (++pauses > 1) {
      poll_pause = 0ms;
      return;
    }
    for (const char* name : {"b", "c", "d"}) post(name);
  });
  EXPECT_THAT(log, ElementsAre("a", "pause", "b", "c", "d", "pause"));
}

TEST_F(Loop, WhatIsReadyIsDoneBeforeAPause) {
  poll_pause = 5ms;
  for (const char* name : {"a", "b", "c"}) post(name);
  run();
  EXPECT_THAT(log, ElementsAre("a", "b", "c", "pause"));
}

TEST_F(Loop, AHandlerThatStopsTheContextEndsTheLoop) {
  boost::asio::steady_timer never(context, 1h);
  never.async_wait([](const auto&) {});
  boost::asio::post(context, [this] { context.stop(); });
  run();
  EXPECT_TRUE(context.stopped());
}

}  // namespace
