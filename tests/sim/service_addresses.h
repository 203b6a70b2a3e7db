// ServiceAddresses allocates the cluster addresses and node ports of Services. An ApiServer owns
// it. One thread.
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

  // Allocates the requested node ports, and those and the address that the Service needs and does
  // not have yet. Returns why it refuses the request; then it allocates nothing. `before` is null
  // for a creation.
  Causes allocate(Value& service, const Value* before, Allocator& allocator);

  // Copies the address and ports that an update leaves out from `before`, and drops the fields that
  // the new type of the Service does not have.
  static void carry_over(Value& service, const Value& before, Allocator& allocator);

  // Returns the node port that two ports of the Service have, with its protocol; nullopt if there
  // is none.
  static std::optional<std::string> twice(const Value& service);

  // Frees the ports and the address of `before` that `after` no longer has; null: the Service is
  // deleted.
  void release(const Value& before, const Value* after);

 private:
  int draw_port();
  std::string draw_address();

  std::mt19937_64 random_;
  std::set<int> ports_;
  std::set<std::string> addresses_;
};

}  // namespace sim
