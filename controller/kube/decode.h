// Decodes an object from the JSON that a json::Sieve kept of it. Pure; any thread.
#pragma once

#include "api/meta.h"
#include "json/sieve.h"

namespace kube {

// Like json::decode, but also sets metadata.kept, which reports whether the sieve kept the whole
// object.
template <class T>
base::Result<T> decode_object(json::View view) {
  base::Result<T> object = json::decode<T>(view);
  if constexpr (requires { object->metadata.kept; }) {
    const auto kept = object ? view.find(json::kKeptMember) : std::nullopt;
    if (kept && kept->kind() == json::Kind::kInteger) {
      object->metadata.kept = static_cast<json::Kept>(kept->integer());
    }
  }
  return object;
}

}  // namespace kube
