#include "json/pack.h"

#include <algorithm>

namespace json {
namespace {

constexpr unsigned kBits = 7;
constexpr unsigned kMore = 1U << kBits;  // set in a byte that another byte follows
constexpr unsigned kMaxBits = 64;

}  // namespace

void Packer::number(std::uint64_t value) {
  while (value >= kMore) {
    bytes_ += static_cast<char>(value | kMore);
    value >>= kBits;
  }
  bytes_ += static_cast<char>(value);
}

void Packer::text(std::string_view value) {
  number(value.size());
  bytes_ += value;
}

std::uint64_t Unpacker::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; !rest_.empty() && shift < kMaxBits; shift += kBits) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= std::uint64_t(byte & (kMore - 1)) << shift;
    if (byte < kMore) break;
  }
  return value;
}

std::string_view Unpacker::text() {
  const std::uint64_t wanted = number();
  const std::string_view value = rest_.substr(0, wanted);
  rest_.remove_prefix(value.size());
  return value;
}

}  // namespace json
