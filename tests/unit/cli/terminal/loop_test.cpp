#include "cli/terminal/loop.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <string>

#include "async/child_process.h"
#include "support/temporary_folder.h"

namespace cli {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

// Runs `sleep` until it is cancelled. Writes the id of its process to `file`.
asio::awaitable<int> run_child(asio::any_io_executor executor, std::string file) {
  async::ChildProcess child(executor);
  EXPECT_TRUE(child.start({"sh", {"-c", "echo $$ >" + file + "; echo; exec sleep 60"}, {}}));
  auto reading = child.read(steady_clock::time_point::max());
  co_await std::move(reading);
  ::raise(SIGTERM);
  auto waiting = child.wait(steady_clock::time_point::max());
  co_await std::move(waiting);
  co_return 0;
}

asio::awaitable<int> signal_itself(int number) {
  ::raise(number);
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(50));
  co_await timer.async_wait(asio::use_awaitable);
  co_return 7;
}

asio::awaitable<int> signal_itself_twice() {
  ::raise(SIGINT);
  ::raise(SIGINT);
  co_return 0;
}

int interrupted_by(int number) {
  Loop loop;
  try {
    loop.run(signal_itself(number));
  } catch (const Interrupted& signal) {
    return signal.number();
  }
  return 0;
}

TEST(Loop, ASignalThatAsksToEndCancelsTheWork) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) EXPECT_EQ(interrupted_by(number), number);
}

TEST(Loop, ASignalThatWasIgnoredStaysSo) {
  const auto earlier = ::signal(SIGHUP, SIG_IGN);
  Loop loop;
  EXPECT_EQ(loop.run(signal_itself(SIGHUP)), 7);
  EXPECT_EQ(::signal(SIGHUP, earlier), SIG_IGN);
}

TEST(Loop, ASignalEndsTheProgramsThatWereStarted) {
  const support::TemporaryFolder folder;
  Loop loop;
  EXPECT_THROW(loop.run(run_child(loop.executor(), folder.path("pid"))), Interrupted);
  EXPECT_EQ(::kill(std::stoi(folder.read("pid")), 0), -1);
}

TEST(LoopDeathTest, ASecondSignalEndsAtOnce) {
  EXPECT_EXIT(Loop().run(signal_itself_twice()), testing::KilledBySignal(SIGINT), "");
}

TEST(LoopDeathTest, OutsideTheLoopASignalEndsTheProgramAsEver) {
  interrupted_by(SIGTERM);
  EXPECT_EXIT(::raise(SIGTERM), testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace cli
