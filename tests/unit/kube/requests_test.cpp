#include "kube/requests.h"

#include <gtest/gtest.h>

#include "api/apps.h"
#include "api/local_registry.h"

namespace kube {
namespace {

constexpr const api::ResourceType& kDeployment = api::Resource<api::Deployment>::kType;
constexpr const api::ResourceType& kService = api::Resource<api::Service>::kType;
constexpr const api::ResourceType& kNamespace = api::Resource<api::Namespace>::kType;
constexpr const api::ResourceType& kLocalRegistry = api::Resource<api::LocalRegistry>::kType;

TEST(Requests, TheCoreGroupAndNamedGroupsHavePathsOfTheirOwn) {
  EXPECT_EQ(get_request(kService, {"team", "registry"}).target,
            "/api/v1/namespaces/team/services/registry");
  EXPECT_EQ(get_request(kDeployment, {"team", "registry"}).target,
            "/apis/apps/v1/namespaces/team/deployments/registry");
  EXPECT_EQ(get_request(kLocalRegistry, {"team", "registry"}).target,
            "/apis/localregistry.dev/v1alpha1/namespaces/team/localregistries/registry");
}

TEST(Requests, WhatHasNoNamespaceHasNoneInItsPath) {
  EXPECT_EQ(get_request(kNamespace, {"", "team"}).target, "/api/v1/namespaces/team");
  EXPECT_EQ(get_request(kNamespace, {"ignored", "team"}).target, "/api/v1/namespaces/team");
}

TEST(Requests, AListWithoutANamespaceIsOfAllOfThem) {
  EXPECT_EQ(list_request(kService, {}).target, "/api/v1/services");
}

TEST(Requests, AListCarriesItsSelectorsLimitAndPage) {
  ListOptions options;
  options.namespace_name = "team";
  options.label_selector = "app.kubernetes.io/managed-by=local-registry-operator,a in (b, c)";
  options.field_selector = "metadata.name=registry";
  options.limit = 500;
  options.continue_token = "a+b/c=";
  EXPECT_EQ(list_request(kService, options).target,
            "/api/v1/namespaces/team/services"
            "?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dlocal-registry-operator"
            "%2Ca%20in%20%28b%2C%20c%29"
            "&fieldSelector=metadata.name%3Dregistry&limit=500&continue=a%2Bb%2Fc%3D");
}

TEST(Requests, AWatchGoesOnFromAResourceVersionWithBookmarks) {
  WatchOptions options;
  options.resource_version = "42";
  options.timeout = std::chrono::seconds(300);
  const Request request = watch_request(kService, options);
  EXPECT_EQ(request.method, Method::kGet);
  EXPECT_EQ(request.target,
            "/api/v1/services?watch=true&allowWatchBookmarks=true&resourceVersion=42"
            "&timeoutSeconds=300");
}

TEST(Requests, AWatchThatBeginsWithTheListSaysHowFreshItHasToBe) {
  WatchOptions options;
  options.send_initial_events = true;
  options.timeout = std::chrono::seconds(300);
  EXPECT_EQ(watch_request(kService, options).target,
            "/api/v1/services?watch=true&allowWatchBookmarks=true&timeoutSeconds=300"
            "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
}

TEST(Requests, AnApplyIsForcedAndNamesItsFieldManager) {
  const Request request =
      apply_request(kService, {"team", "registry"}, Subresource::kNone, R"({"a":1})");
  EXPECT_EQ(request.method, Method::kPatch);
  EXPECT_EQ(request.content_type, "application/apply-patch+yaml");
  EXPECT_EQ(request.body, R"({"a":1})");
  EXPECT_EQ(request.target,
            "/api/v1/namespaces/team/services/registry"
            "?fieldManager=local-registry-operator&force=true&fieldValidation=Ignore");
}

TEST(Requests, TheStatusIsASubresource) {
  EXPECT_EQ(apply_request(kLocalRegistry, {"team", "registry"}, Subresource::kStatus, "{}").target,
            "/apis/localregistry.dev/v1alpha1/namespaces/team/localregistries/registry/status"
            "?fieldManager=local-registry-operator&force=true&fieldValidation=Ignore");
  EXPECT_EQ(
      merge_patch_request(kLocalRegistry, {"team", "registry"}, Subresource::kStatus, "{}").target,
      "/apis/localregistry.dev/v1alpha1/namespaces/team/localregistries/registry/status"
      "?fieldManager=local-registry-operator");
}

TEST(Requests, ACreateIsAPostToTheCollection) {
  const Request request = create_request(kService, "team", "{}");
  EXPECT_EQ(request.method, Method::kPost);
  EXPECT_EQ(request.content_type, "application/json");
  EXPECT_EQ(request.target,
            "/api/v1/namespaces/team/services?fieldManager=local-registry-operator");
}

TEST(Requests, ADeleteCarriesItsPreconditionsAndPropagation) {
  const Request request =
      delete_request(kService, {"team", "registry"}, {"uid-1", "42"}, Propagation::kForeground);
  EXPECT_EQ(request.method, Method::kDelete);
  EXPECT_EQ(request.target, "/api/v1/namespaces/team/services/registry");
  EXPECT_EQ(request.body, R"({"apiVersion":"v1","kind":"DeleteOptions",)"
                          R"("preconditions":{"uid":"uid-1","resourceVersion":"42"},)"
                          R"("propagationPolicy":"Foreground"})");
}

TEST(Requests, ADeleteWithoutPreconditionsSendsNone) {
  EXPECT_EQ(delete_request(kService, {"team", "registry"}, {}, Propagation::kBackground).body,
            R"({"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background"})");
}

TEST(Requests, WhateverIsInANameStaysInItsSegmentOfThePath) {
  EXPECT_EQ(get_request(kService, {"a/b", "c?d=e#f%2F ä"}).target,
            "/api/v1/namespaces/a%2Fb/services/c%3Fd%3De%23f%252F%20%C3%A4");
}

TEST(Requests, FinalizersAreReplacedOnlyOnTheObjectThatWasLookedAt) {
  api::ObjectMeta meta;
  meta.uid = "uid-1";
  meta.resource_version = "42";
  EXPECT_EQ(finalizers_patch(meta, {"a/b"}),
            R"({"metadata":{"uid":"uid-1","resourceVersion":"42","finalizers":["a/b"]}})");
}

TEST(Requests, TheLastFinalizerIsRemovedByAnEmptyList) {
  api::ObjectMeta meta;
  meta.uid = "uid-1";
  meta.resource_version = "42";
  EXPECT_EQ(finalizers_patch(meta, {}),
            R"({"metadata":{"uid":"uid-1","resourceVersion":"42","finalizers":[]}})");
}

TEST(ApplyGuard, ACreateAsksForAVersionThatNoObjectHas) {
  api::ObjectMeta meta;
  meta.uid = "stale";
  ApplyGuard::create_only().write_to(meta);
  EXPECT_EQ(meta.resource_version, "1");
  EXPECT_EQ(meta.uid, "");
}

TEST(ApplyGuard, AnUpdateAsksForTheUidAlone) {
  api::ObjectMeta meta;
  meta.resource_version = "42";
  ApplyGuard::uid("uid-1").write_to(meta);
  EXPECT_EQ(meta.resource_version, "");
  EXPECT_EQ(meta.uid, "uid-1");
}

TEST(ApplyGuard, AnUpdateOfWhatWasReadAsksForItsUidAndItsVersion) {
  api::ObjectMeta read;
  read.uid = "uid-1";
  read.resource_version = "42";
  api::ObjectMeta meta;
  ApplyGuard::unchanged(read).write_to(meta);
  EXPECT_EQ(meta.resource_version, "42");
  EXPECT_EQ(meta.uid, "uid-1");
}

}  // namespace
}  // namespace kube
