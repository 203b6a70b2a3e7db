// The program's random numbers, for names and jitter. One per program; a fixed seed makes a run
// repeatable. Not thread-safe: used on the thread of the io_context only.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace base {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // Returns a generator that is seeded by the operating system.
  static Random from_device();

  // Returns a number that is uniformly distributed in [0, 1).
  double fraction();

  // Returns a number that is uniformly distributed in [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high);

  // Returns `length` characters that are valid in a Kubernetes name, from the alphabet of
  // generateName.
  std::string name_suffix(std::size_t length);

 private:
  std::mt19937_64 engine_;
};

}  // namespace base
