#include "api/local_registry.h"

namespace api {

std::string_view name(RetentionPolicy policy) {
  return policy == RetentionPolicy::kDelete ? "Delete" : "Retain";
}

std::string_view name(Delivery delivery) {
  switch (delivery) {
    case Delivery::kUpstream: return "Upstream";
    case Delivery::kLocalRegistry: return "LocalRegistry";
    case Delivery::kKindLoad: return "KindLoad";
  }
  return "";
}

std::string_view name(PushPermission permission) {
  switch (permission) {
    case PushPermission::kNotChecked: return "NotChecked";
    case PushPermission::kGranted: return "Granted";
    case PushPermission::kDenied: return "Denied";
    case PushPermission::kUnknown: return "Unknown";
  }
  return "";
}

const ImageSpec* find_image(const LocalRegistry& registry, std::string_view name) {
  for (const ImageSpec& image : registry.spec.images) {
    if (image.name == name) return &image;
  }
  return nullptr;
}

const std::string& target_namespace(const LocalRegistry& registry) {
  return registry.spec.namespace_name.empty() ? registry.metadata.namespace_name
                                              : registry.spec.namespace_name;
}

StringMap selector_labels(const LocalRegistry& registry) {
  return {{"app.kubernetes.io/name", "local-registry"},
          {std::string(kInstanceLabel), registry.spec.name}};
}

}  // namespace api

namespace json {

namespace {

// Sets `out` to the one of `values` that the JSON string names; returns false if there is none.
template <class T>
bool read_name(View view, std::initializer_list<T> values, T& out) {
  if (view.kind() != Kind::kString) return false;
  for (const T value : values) {
    if (view.string() != api::name(value)) continue;
    out = value;
    return true;
  }
  return false;
}

}  // namespace

bool Leaf<api::RetentionPolicy>::read(View view, api::RetentionPolicy& out) {
  using P = api::RetentionPolicy;
  return read_name(view, {P::kRetain, P::kDelete}, out);
}

bool Leaf<api::Delivery>::read(View view, api::Delivery& out) {
  using D = api::Delivery;
  return read_name(view, {D::kUpstream, D::kLocalRegistry, D::kKindLoad}, out);
}

bool Leaf<api::PushPermission>::read(View view, api::PushPermission& out) {
  using P = api::PushPermission;
  return read_name(view, {P::kNotChecked, P::kGranted, P::kDenied, P::kUnknown}, out);
}

}  // namespace json

template struct json::TableCodec<api::LocalRegistrySpec>;
template struct json::TableCodec<api::LocalRegistryStatus>;
template struct json::TableCodec<api::LocalRegistry>;
template const json::Shape& json::shape_of<api::LocalRegistrySpec>();
template const json::Shape& json::shape_of<api::LocalRegistryStatus>();
template const json::Shape& json::shape_of<api::LocalRegistry>();
