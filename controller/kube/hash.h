// The hash that keys of indexes, names of objects and events share. Pure; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace kube {

// Returns a hash for this process. It is not cryptographic.
inline std::size_t hash(std::string_view text) { return std::hash<std::string_view>()(text); }

}  // namespace kube
