#include "cli/terminal/interrupts.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

namespace cli {
namespace {

namespace asio = boost::asio;

constexpr std::array kHandled = {SIGINT, SIGTERM, SIGHUP};

// The signal handler uses these variables. It may access them safely only because they are
// lock-free.
std::atomic<int> first{0};       // number of the first signal
std::atomic<int> notified = -1;  // write end of the pipe that reports the first signal
static_assert(std::atomic<int>::is_always_lock_free);

// The handler calls async-signal-safe functions only. It restores the default actions, so that the
// next signal terminates the process.
extern "C" void on_signal(int number) {
  const int before = errno;
  for (const int handled : kHandled) {
    struct sigaction current {};
    ::sigaction(handled, nullptr, &current);
    if (current.sa_handler == on_signal) ::signal(handled, SIG_DFL);
  }
  int none = 0;
  if (first.compare_exchange_strong(none, number)) {
    const char byte = 0;
    if (::write(notified, &byte, 1) != 1) ::raise(number);
  }
  errno = before;
}

}  // namespace

Interrupts::Interrupts(const asio::any_io_executor& executor, std::function<void()> on_interrupt)
    : notice_(executor) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  notice_.assign(pipe[0]);
  write_end_ = pipe[1];
  first = 0;
  notified = write_end_;
  notice_.async_wait(
      asio::posix::descriptor_base::wait_read,
      [on_interrupt = std::move(on_interrupt)](const boost::system::error_code& error) {
        if (!error) on_interrupt();
      });
  struct sigaction handler {};
  handler.sa_handler = on_signal;
  handler.sa_flags = SA_RESTART;
  sigfillset(&handler.sa_mask);
  for (std::size_t i = 0; i < kHandled.size(); ++i) {
    ::sigaction(kHandled[i], nullptr, &earlier_[i]);
    if (earlier_[i].sa_handler != SIG_IGN) ::sigaction(kHandled[i], &handler, nullptr);
  }
}

Interrupts::~Interrupts() {
  for (std::size_t i = 0; i < kHandled.size(); ++i) {
    ::sigaction(kHandled[i], &earlier_[i], nullptr);
  }
  notified = -1;
  ::close(write_end_);
}

int Interrupts::number() const { return first; }

}  // namespace cli
