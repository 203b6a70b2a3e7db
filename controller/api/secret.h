// This file declares Secret (core/v1). The data of a Secret is confidential and must never be
// logged. The types are plain values and can be used on any thread.
#pragma once

#include <map>
#include <string>

#include "api/meta.h"

namespace api {

struct Secret {
  ObjectMeta metadata;
  std::string type;  // "kubernetes.io/dockerconfigjson"
  StringMap data;    // values in base64, as the API server sends them
  bool operator==(const Secret&) const = default;
};

template <>
inline constexpr std::size_t kObjectBytes<Secret> = limits::kSecretBytes;

template <>
struct Resource<Secret> {
  static constexpr ResourceType kType = {"", "v1", "Secret", "secrets"};
};

}  // namespace api

template <>
struct json::Fields<api::Secret> {
  using T = api::Secret;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("type", &T::type),
                      json::field("data", &T::data));
};
