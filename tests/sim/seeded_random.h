// This file makes OpenSSL's random numbers repeatable, so that the same seed gives the same keys
// and signatures. It applies to the whole process, which simulates one world at a time. One thread.
#pragma once

#include <cstdint>

namespace sim {

// From this call on, OpenSSL draws all random bytes from a generator with this seed.
void seed_openssl(std::uint64_t seed);

}  // namespace sim
