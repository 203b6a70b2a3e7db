#include "base/random.h"

#include <string_view>

namespace base {

namespace {
// The alphabet of k8s.io/apimachinery/pkg/util/rand, which has no vowels and no characters that
// look alike.
constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
}  // namespace

Random Random::from_device() {
  std::random_device device;
  return Random((static_cast<std::uint64_t>(device()) << 32U) ^ device());
}

double Random::fraction() { return std::uniform_real_distribution<double>(0.0, 1.0)(engine_); }

std::uint64_t Random::between(std::uint64_t low, std::uint64_t high) {
  return std::uniform_int_distribution<std::uint64_t>(low, high)(engine_);
}

std::string Random::name_suffix(std::size_t length) {
  std::string text;
  while (text.size() < length) text += kAlphabet[between(0, kAlphabet.size() - 1)];
  return text;
}

}  // namespace base
