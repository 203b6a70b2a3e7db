// The simulated API server by itself; tests/sim/against_real holds it to a real one.
#include "sim/api_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/apps.h"
#include "api/core.h"
#include "api/local_registry.h"
#include "kube/requests.h"
#include "reconcile/children.h"
#include "sim/json_value.h"

namespace sim {
namespace {

using testing::HasSubstr;
using testing::Not;

class ApiServerTest : public testing::Test {
 protected:
  ApiServerTest() { create("/api/v1/namespaces", R"({"metadata":{"name":"space"}})"); }

  kube::Response ask(kube::Method method, const std::string& target, const std::string& body = {},
                     const std::string& content_type = "application/json") {
    kube::Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    if (!body.empty()) request.content_type = content_type;
    return server.handle(request, "tester");
  }
  kube::Response create(const std::string& target, const std::string& body) {
    return ask(kube::Method::kPost, target, body);
  }
  kube::Response send(kube::Request request) { return server.handle(request, "operator"); }

  api::LocalRegistry registry() const {
    api::LocalRegistry made;
    made.metadata.name = "dev";
    made.metadata.namespace_name = "space";
    made.metadata.uid = "00000000-0000-4000-8000-000000000001";
    made.spec.name = "registry";
    made.spec.image = "registry:2.8.1";
    made.spec.buildkit_image = "moby/buildkit:master-rootless";
    made.spec.port = 5000;
    made.spec.persistence.size = api::Quantity{"5Gi"};
    return made;
  }

  template <class T>
  kube::Response apply(T object) {
    const api::ObjectKey key = api::key_of(object.metadata);
    return send(kube::apply_request(api::Resource<T>::kType, key, kube::Subresource::kNone,
                                    api::encode_object(object)));
  }

  base::Time time{std::chrono::seconds(1'700'000'000)};
  ApiServer server{[this] { return time; }, 7};
};

Document parse(const kube::Response& response) {
  Document document;
  document.Parse(response.body.c_str());
  return document;
}

TEST_F(ApiServerTest, WhatIsAppliedTwiceIsWrittenOnce) {
  const kube::Response first = apply(reconcile::build_deployment(registry(), true));
  EXPECT_EQ(first.status, 201) << first.body;
  time += std::chrono::seconds(5);
  const kube::Response second = apply(reconcile::build_deployment(registry(), true));
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(first.body, second.body);
}

TEST_F(ApiServerTest, AFieldThatIsNoLongerAppliedGoes) {
  api::Deployment deployment = reconcile::build_deployment(registry(), false);
  deployment.metadata.labels["more"] = "yes";
  EXPECT_THAT(apply(deployment).body, HasSubstr("\"more\":\"yes\""));
  deployment.metadata.labels.erase("more");
  EXPECT_THAT(apply(deployment).body, Not(HasSubstr("\"more\"")));
}

TEST_F(ApiServerTest, AServiceKeepsItsNodePort) {
  const kube::Response first = apply(reconcile::build_service(registry(), 0));
  ASSERT_EQ(first.status, 201) << first.body;
  const Document made = parse(first);
  const int port = (*find(made, {"spec", "ports"}))[0]["nodePort"].GetInt();
  EXPECT_GE(port, 30000);
  EXPECT_LE(port, 32767);
  const kube::Response second = apply(reconcile::build_service(registry(), 0));
  EXPECT_EQ(first.body, second.body);
}

TEST_F(ApiServerTest, AWatchTellsWhatWasThereAndWhatHappens) {
  apply(reconcile::build_service(registry(), 0));
  kube::WatchOptions options;
  options.send_initial_events = true;
  const OpenedWatch opened =
      server.watch(kube::watch_request(api::Resource<api::Service>::kType, options));
  ASSERT_TRUE(opened.watch);
  EXPECT_THAT(*opened.watch->next(kLatest), HasSubstr(R"({"type":"ADDED")"));
  EXPECT_THAT(*opened.watch->next(kLatest), HasSubstr("k8s.io/initial-events-end"));
  EXPECT_FALSE(opened.watch->next(kLatest));
  ask(kube::Method::kDelete, "/api/v1/namespaces/space/services/registry");
  EXPECT_THAT(*opened.watch->next(kLatest), HasSubstr(R"({"type":"DELETED")"));
}

TEST_F(ApiServerTest, AClaimIsHeldByItsFinalizer) {
  const kube::Response made = apply(reconcile::build_claim(registry(), nullptr));
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string path = "/api/v1/namespaces/space/persistentvolumeclaims/registry";
  EXPECT_THAT(ask(kube::Method::kDelete, path).body, HasSubstr("deletionTimestamp"));
  EXPECT_EQ(ask(kube::Method::kGet, path).status, 200);
  ask(kube::Method::kPatch, path, R"({"metadata":{"finalizers":null}})",
      "application/merge-patch+json");
  EXPECT_EQ(ask(kube::Method::kGet, path).status, 404);
}

TEST_F(ApiServerTest, AStatusIsWrittenAlone) {
  const std::string path = "/apis/localregistry.dev/v1alpha1/namespaces/space/localregistries";
  const kube::Response made =
      create(path, R"({"apiVersion":"localregistry.dev/v1alpha1","kind":"LocalRegistry",)"
                   R"("metadata":{"name":"dev"}})");
  ASSERT_EQ(made.status, 201) << made.body;
  const kube::Response after =
      ask(kube::Method::kPatch, path + "/dev/status",
          R"({"spec":{"port":1},"status":{"nodePort":31000}})", "application/merge-patch+json");
  EXPECT_THAT(after.body, HasSubstr("\"nodePort\":31000"));
  EXPECT_THAT(after.body, HasSubstr("\"port\":5000"));
  EXPECT_THAT(after.body, HasSubstr("\"generation\":1"));
}

}  // namespace
}  // namespace sim
