// Decodes an object from the JSON that a json::Sieve kept of it. The function is pure and can be
// called on any thread.
#pragma once

#include "api/meta.h"
#include "json/sieve/sieve.h"

namespace kube {

// Decodes an object as json::decode does, and sets metadata.completeness, which reports whether the
// sieve kept the whole object.
template <class T>
base::Result<T> decode_object(json::View view) {
  base::Result<T> object = json::decode<T>(view);
  if constexpr (requires { object->metadata.completeness; }) {
    const auto completeness = object ? view.find(json::kCompletenessMember) : std::nullopt;
    if (completeness && completeness->kind() == json::Kind::kInteger) {
      object->metadata.completeness = static_cast<json::Completeness>(completeness->integer());
    }
  }
  return object;
}

}  // namespace kube
