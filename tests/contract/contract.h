// ContractTest is the fixture of the contract tests: a client of the API server that KUBECONFIG
// names, a separate namespace for each test, and real time. Owned by one test; one thread.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "api/core.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "kube/client.h"
#include "kube/config/config.h"
#include "kube/environment.h"
#include "kube/https_transport.h"

namespace contract {

using namespace std::chrono_literals;

class ContractTest : public testing::Test {
 public:
  ContractTest() : transport(connect()), client(*transport) {
    api::Namespace made;
    made.metadata.name = space = "contract-" + random.name_suffix(8);
    if (!result_of(client.create(made))) throw std::runtime_error("no namespace could be made");
  }

  ~ContractTest() override {
    for (const std::unique_ptr<Running>& one : running_) stop(*one);
    context_.run_for(100ms);
  }

  struct Running {
    boost::asio::cancellation_signal signal;
    bool done = false;
    std::exception_ptr thrown;
  };

  // Returns a new transport. `user`: the user to impersonate; "" for none.
  std::unique_ptr<kube::Transport> connect(const std::string& user = {}) {
    auto config = kube::load_config({}, kube::process_environment());
    if (!config) throw std::runtime_error(base::to_string(config.error()));
    config->impersonate.user = user;
    auto made = kube::make_https_transport(*std::move(config), clock, logger, executor());
    if (!made) throw std::runtime_error(base::to_string(made.error()));
    return *std::move(made);
  }

  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  kube::Environment environment() { return environment(client); }
  kube::Environment environment(const kube::Client& with) {
    return {executor(), with, clock, random, logger};
  }

  Running& start(boost::asio::awaitable<void> coroutine) {
    running_.push_back(std::make_unique<Running>());
    Running* one = running_.back().get();
    boost::asio::co_spawn(context_, std::move(coroutine),
                          boost::asio::bind_cancellation_slot(
                              one->signal.slot(), [one](const std::exception_ptr& thrown) {
                                one->done = true;
                                one->thrown = thrown;
                              }));
    return *one;
  }

  // Cancels the coroutine and waits for its end.
  void stop(Running& one) {
    one.signal.emit(boost::asio::cancellation_type::terminal);
    eventually([&one] { return one.done; });
  }

  // Runs the io_context until `holds` returns true. Returns false if it does not within `within`.
  bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds within = 10s) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    context_.restart();
    while (!holds()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      context_.run_one_for(20ms);
      if (context_.stopped()) context_.restart();
    }
    return true;
  }

  void let_pass(std::chrono::milliseconds time) {
    eventually([] { return false; }, time);
  }

  template <class T>
  T result_of(boost::asio::awaitable<T> coroutine) {
    std::optional<T> result;
    Running& one = start(keep(std::move(coroutine), result));
    if (!eventually([&one] { return one.done; }, 60s)) throw std::runtime_error("no answer");
    if (one.thrown) std::rethrow_exception(one.thrown);
    return *std::move(result);
  }

  // Returns the metadata of an object of that name in the test's namespace.
  api::ObjectMeta named(const std::string& name) const {
    api::ObjectMeta meta;
    meta.name = name;
    meta.namespace_name = space;
    return meta;
  }
  api::ObjectKey key(const std::string& name) const { return {space, name}; }

  base::SystemClock clock;
  base::Random random = base::Random::from_device();
  base::Logger logger = base::Logger::silent();

 private:
  template <class T>
  static boost::asio::awaitable<void> keep(boost::asio::awaitable<T> coroutine,
                                           std::optional<T>& result) {
    result.emplace(co_await std::move(coroutine));
  }

  boost::asio::io_context context_;
  std::vector<std::unique_ptr<Running>> running_;

 public:
  std::unique_ptr<kube::Transport> transport;
  kube::Client client;
  std::string space;  // the test's namespace
};

// Returns the smallest Service that the API accepts.
inline api::Service service_of(const api::ObjectMeta& meta) {
  api::Service service;
  service.metadata = meta;
  service.spec.selector = {{"app", "registry"}};
  api::ServicePort port;
  port.name = "registry";
  port.protocol = "TCP";
  port.port = 5000;
  service.spec.ports.push_back(port);
  return service;
}

}  // namespace contract
