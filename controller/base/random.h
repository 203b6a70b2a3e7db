// A Random produces the random numbers of the program, for names and jitter. A program has one
// Random; a fixed seed makes a run repeatable. It is not thread-safe and is used on the thread of
// the io_context only.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace base {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // Returns a Random whose seed comes from the operating system.
  static Random from_device();

  // Returns a number that is uniformly distributed in [0, 1).
  double fraction();

  // Returns a number that is uniformly distributed in [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high);

  // Returns `length` characters that are valid in the name of an object: the API server uses the
  // same characters for generateName.
  std::string name_suffix(std::size_t length);

 private:
  std::mt19937_64 engine_;
};

}  // namespace base
