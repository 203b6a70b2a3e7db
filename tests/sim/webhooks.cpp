#include "sim/webhooks.h"

#include <fmt/core.h>

namespace sim {
namespace {

constexpr const char* kPlural = "mutatingwebhookconfigurations";
const api::ObjectKey kConfiguration = {"", kWebhookConfiguration};
const api::ObjectKey kSecret = {kOwnNamespace, kWebhookSecret};

Step install() {
  return {"the webhook is installed", [](World& world) { world.install_webhook(); }};
}

Step drop_bundle() {
  return {"the caBundle is removed",
          [](World& world) { world.patch(kPlural, kConfiguration, webhook_configuration()); }};
}

Step replace_bundle() {
  return {"the caBundle is replaced", [](World& world) {
            std::string text = webhook_configuration();
            const std::string service = R"("clientConfig":{)";
            text.insert(text.find(service) + service.size(), R"("caBundle":"b3RoZXI=",)");
            world.patch(kPlural, kConfiguration, text);
          }};
}

Step empty_secret() {
  return {"the certificates are removed",
          [](World& world) { world.patch("secrets", kSecret, R"({"data":null})"); }};
}

Step damage_secret() {
  return {"the certificate is damaged", [](World& world) {
            world.patch("secrets", kSecret, R"({"data":{"tls.crt":"b3RoZXI="}})");
          }};
}

Step delete_secret() {
  return {"the Secret is deleted", [](World& world) { world.remove("secrets", kSecret); }};
}

Step uninstall() {
  return {"the webhook is removed", [](World& world) { world.remove(kPlural, kConfiguration); }};
}

}  // namespace

std::string webhook_configuration() {
  return fmt::format(
      R"({{"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingWebhookConfiguration",)"
      R"("metadata":{{"name":"{}"}},"webhooks":[{{"name":"rewrite.localregistry.dev",)"
      R"("admissionReviewVersions":["v1"],"sideEffects":"None","failurePolicy":"Ignore",)"
      R"("clientConfig":{{"service":{{"name":"local-registry-operator-webhook",)"
      R"("namespace":"{}","path":"/mutate"}}}},"rules":[{{"apiGroups":[""],"apiVersions":["v1"],)"
      R"("operations":["CREATE","UPDATE"],"resources":["pods"],"scope":"Namespaced"}}]}}]}})",
      kWebhookConfiguration, kOwnNamespace);
}

std::vector<Scenario> webhooks() {
  return {
      {"webhooks/the caBundle is changed by others",
       {install(), drop_bundle(), replace_bundle()},
       {}},
      {"webhooks/the Secret is changed by others",
       {install(), empty_secret(), damage_secret(), delete_secret()},
       {}},
      {"webhooks/removed and installed again", {install(), uninstall(), install()}, {}},
  };
}

}  // namespace sim
