#include "sim/seeded_random.h"

#include <openssl/rand.h>

#include <random>

namespace sim {
namespace {

std::mt19937_64& generator() {
  static std::mt19937_64 generator;
  return generator;
}

int draw(unsigned char* buffer, int count) {
  for (int i = 0; i < count; ++i) buffer[i] = static_cast<unsigned char>(generator()());
  return 1;
}

int ready() { return 1; }

}  // namespace

void seed_openssl(std::uint64_t seed) {
  static const RAND_METHOD kMethod = {nullptr, draw, nullptr, nullptr, draw, ready};
  generator().seed(seed);
  RAND_set_rand_method(&kMethod);
}

}  // namespace sim
