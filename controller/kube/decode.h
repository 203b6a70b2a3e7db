// From what a sieve kept of an object to the object. Pure; any thread.
#pragma once

#include "api/meta.h"
#include "json/sieve.h"

namespace kube {

// As json::decode; metadata.kept says whether that is all of the object.
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
