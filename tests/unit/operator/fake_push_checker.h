// FakePushChecker answers push checks as a test decides, without a network. Owned by one test; one
// thread.
#pragma once

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "registry/push_checker.h"

namespace test {

class FakePushChecker final : public registry::PushChecker {
 public:
  FakePushChecker(boost::asio::any_io_executor executor, base::Clock& clock)
      : PushChecker(std::move(executor), clock, {}) {}

  boost::asio::awaitable<registry::PushAnswer> check(
      api::ImageReference repository, std::optional<registry::Credentials> credentials) override {
    const std::string name = api::repository(repository);
    asked.push_back(credentials ? credentials->username + "@" + name : name);
    const Counted counted(running);
    max_running = std::max(max_running, running);
    while (!answers.contains(name)) {
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                      boost::asio::steady_timer::time_point::max());
      waiting.push_back(&timer);
      boost::system::error_code woken;
      co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
      std::erase(waiting, &timer);
    }
    co_return answers.at(name);
  }

  // Sets the answer for a repository and wakes the checks that wait for it.
  void say(const std::string& repository, registry::Answer answer, std::string message) {
    answers[repository] = {answer, std::move(message)};
    for (auto* timer : std::vector(waiting)) timer->cancel();
  }

  // Counted counts a running check until the check ends or is cancelled.
  struct Counted {
    explicit Counted(int& counter) : count(counter) { ++count; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --count; }
    int& count;
  };

  std::map<std::string, registry::PushAnswer> answers;
  std::vector<std::string> asked;  // "user@ghcr.io/org/image"
  std::vector<boost::asio::steady_timer*> waiting;
  int running = 0;
  int max_running = 0;
};

}  // namespace test
