// wait: until a condition of a LocalRegistry is True.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>

#include "api/local_registry.h"
#include "cli/outcome.h"
#include "cli/session.h"

namespace cli {

struct WaitCommand {
  std::string registry;
  std::string condition = "Ready";
  std::chrono::milliseconds timeout{};
  Output output = Output::kPeople;
};

// What is in the way of the condition: "Deploying: …"; empty when it holds. Pure.
std::string missing_for(const api::LocalRegistry& registry, const std::string& condition);

// Why a part of the status is missing, and what to do: the reason and message of Ready; `wait` is
// advised where time alone helps. Pure.
std::string advice_for(const api::LocalRegistry& registry);

// Watches. Says on standard error what it waits for, whenever that changes. kNotReady: not in
// time; kNotFound: there is none, or it was deleted meanwhile.
boost::asio::awaitable<Outcome<int>> run(const Session& session, WaitCommand command);

}  // namespace cli
