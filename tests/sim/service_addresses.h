// The cluster addresses and node ports of Services: who has which. One owner; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "sim/answers.h"

namespace sim {

class ServiceAddresses {
 public:
  explicit ServiceAddresses(std::uint64_t seed) : random_(seed) {}

  // Gives a Service what it has not got and asks for. Refused: nothing is taken.
  // before: null for a creation.
  Causes allocate(Value& service, const Value* before, Allocator& allocator);

  // Takes over what an update leaves to the server, and drops what its type no longer has.
  static void carry_over(Value& service, const Value& before, Allocator& allocator);

  // The node port that two of its ports have; nothing: there is none.
  static std::optional<std::string> twice(const Value& service);

  // What before had and after (null: nothing) no longer has is free again.
  void release(const Value& before, const Value* after);

 private:
  int draw_port();
  std::string draw_address();

  std::mt19937_64 random_;
  std::set<int> ports_;
  std::set<std::string> addresses_;
};

}  // namespace sim
