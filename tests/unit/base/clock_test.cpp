#include "base/clock.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

struct Sleep {
  asio::io_context context;
  asio::cancellation_signal signal;
  base::SystemClock clock;
  bool ended = false;
  std::exception_ptr outcome;

  void start(base::Clock::Duration duration) {
    asio::co_spawn(
        context, clock.sleep_for(duration),
        asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr exception) {
          ended = true;
          outcome = exception;
        }));
  }
};

TEST(SystemClock, SleepsAtLeastAsLongAsRequested) {
  Sleep sleep;
  const auto start = sleep.clock.now();
  sleep.start(20ms);
  sleep.context.run();
  EXPECT_TRUE(sleep.ended);
  EXPECT_FALSE(sleep.outcome);
  EXPECT_GE(sleep.clock.now() - start, 20ms);
}

TEST(SystemClock, ASleepThatIsCancelledThrowsOperationAborted) {
  Sleep sleep;
  sleep.start(1h);
  sleep.context.poll();
  sleep.signal.emit(asio::cancellation_type::terminal);
  sleep.context.restart();
  sleep.context.run();
  ASSERT_TRUE(sleep.outcome);
  try {
    std::rethrow_exception(sleep.outcome);
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), asio::error::operation_aborted);
  }
}

TEST(SystemClock, TheWallClockIsTheMachines) {
  const base::SystemClock clock;
  const auto now = std::chrono::system_clock::now();
  EXPECT_LT(std::chrono::abs(clock.wall() - now), 1min);
}

}  // namespace
