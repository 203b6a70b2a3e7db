#include "api/local_registry.h"

namespace api {

std::string_view name(Delivery delivery) {
  switch (delivery) {
    case Delivery::kUpstream: return "Upstream";
    case Delivery::kLocalRegistry: return "LocalRegistry";
    case Delivery::kKindLoad: return "KindLoad";
  }
  return "";
}

const std::string& target_namespace(const LocalRegistry& registry) {
  return registry.spec.namespace_name.empty() ? registry.metadata.namespace_name
                                              : registry.spec.namespace_name;
}

}  // namespace api

namespace json {

bool Leaf<api::RetentionPolicy>::read(View view, api::RetentionPolicy& out) {
  if (view.kind() != Kind::kString) return false;
  if (view.string() != "Retain" && view.string() != "Delete") return false;
  out = view.string() == "Delete" ? api::RetentionPolicy::kDelete : api::RetentionPolicy::kRetain;
  return true;
}

void Leaf<api::RetentionPolicy>::write(Writer& writer, api::RetentionPolicy value) {
  writer.string(value == api::RetentionPolicy::kDelete ? "Delete" : "Retain");
}

bool Leaf<api::Delivery>::read(View view, api::Delivery& out) {
  if (view.kind() != Kind::kString) return false;
  for (const auto delivery :
       {api::Delivery::kUpstream, api::Delivery::kLocalRegistry, api::Delivery::kKindLoad}) {
    if (view.string() != api::name(delivery)) continue;
    out = delivery;
    return true;
  }
  return false;
}

}  // namespace json
