// This file declares MutatingWebhookConfiguration (admissionregistration.k8s.io/v1) with the field
// that the operator writes: caBundle, by which the API server verifies the webhook's certificate.
// The types are plain values and can be used on any thread.
#pragma once

#include "api/meta.h"

namespace api {

struct WebhookClientConfig {
  std::string ca_bundle;  // PEM in base64
  bool operator==(const WebhookClientConfig&) const = default;
};

struct MutatingWebhook {
  std::string name;
  WebhookClientConfig client_config;
  bool operator==(const MutatingWebhook&) const = default;
};

struct MutatingWebhookConfiguration {
  ObjectMeta metadata;
  std::vector<MutatingWebhook> webhooks;
  bool operator==(const MutatingWebhookConfiguration&) const = default;
};

template <>
struct Resource<MutatingWebhookConfiguration> {
  static constexpr ResourceType kType = {"admissionregistration.k8s.io", "v1",
                                         "MutatingWebhookConfiguration",
                                         "mutatingwebhookconfigurations", false};
};

}  // namespace api

template <>
struct json::Fields<api::WebhookClientConfig> {
  static constexpr auto kTable =
      std::make_tuple(json::field("caBundle", &api::WebhookClientConfig::ca_bundle));
};

template <>
struct json::Fields<api::MutatingWebhook> {
  using T = api::MutatingWebhook;
  static constexpr auto kTable = std::make_tuple(json::field("name", &T::name),
                                                 json::field("clientConfig", &T::client_config));
};

template <>
struct json::Fields<api::MutatingWebhookConfiguration> {
  using T = api::MutatingWebhookConfiguration;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata),
                      json::keyed("webhooks", &T::webhooks, &api::MutatingWebhook::name));
};
