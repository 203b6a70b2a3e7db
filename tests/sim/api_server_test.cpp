// Tests of the simulated API server alone. tests/sim/against_real compares it with a real
// kube-apiserver.
#include "sim/api_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/apps.h"
#include "api/core.h"
#include "api/local_registry.h"
#include "kube/requests.h"
#include "reconcile/children/children.h"
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
  const kube::Response made = apply(reconcile::build_pvc(registry(), nullptr));
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

TEST_F(ApiServerTest, ANodePortIsRefusedBeforeAnythingElseIsJudged) {
  apply(reconcile::build_service(registry(), 0));
  const kube::Response refused =
      ask(kube::Method::kPatch, "/api/v1/namespaces/space/services/registry",
          R"({"metadata":{"uid":"other"},"spec":{"ports":[{"port":5000,"nodePort":80}]}})",
          "application/merge-patch+json");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr("provided port is not in the valid range"));
  EXPECT_THAT(refused.body, Not(HasSubstr("metadata.uid")));
}

TEST_F(ApiServerTest, ARefusedWriteGivesItsNodePortBack) {
  apply(reconcile::build_service(registry(), 0));
  const std::string services = "/api/v1/namespaces/space/services";
  const std::string body = R"({"spec":{"ports":[{"port":5000,"nodePort":30001}]},)"
                           R"("metadata":{"name":"registry","uid":"other"}})";
  EXPECT_EQ(ask(kube::Method::kPatch, services + "/registry", body, "application/merge-patch+json")
                .status,
            422);
  EXPECT_EQ(create(services, R"({"metadata":{"name":"-"},"spec":{"type":"NodePort",)"
                             R"("ports":[{"port":1,"nodePort":30001}]}})")
                .status,
            422);
  const kube::Response made =
      create(services, R"({"metadata":{"name":"a"},"spec":{"type":"NodePort",)"
                       R"("ports":[{"port":1,"nodePort":30001}]}})");
  EXPECT_EQ(made.status, 201) << made.body;
}

TEST_F(ApiServerTest, ALocalLoadBalancerHasAPortForHealthChecksAsLongAsItIsOne) {
  const std::string services = "/api/v1/namespaces/space/services";
  create(services, R"({"metadata":{"name":"a"},"spec":{"type":"LoadBalancer",)"
                   R"("externalTrafficPolicy":"Local","ports":[{"port":1}]}})");
  const Document made = parse(ask(kube::Method::kGet, services + "/a"));
  const Value* port = find(made, {"spec", "healthCheckNodePort"});
  ASSERT_NE(port, nullptr);
  EXPECT_GE(port->GetInt(), 30000);
  const kube::Response after =
      ask(kube::Method::kPatch, services + "/a", R"({"spec":{"type":"ClusterIP"}})",
          "application/merge-patch+json");
  EXPECT_EQ(after.status, 200) << after.body;
  EXPECT_THAT(after.body, Not(HasSubstr("healthCheckNodePort")));
}

TEST_F(ApiServerTest, TwoPortsThatInheritOneNodePortAreAFailure) {
  const std::string services = "/api/v1/namespaces/space/services";
  create(services, R"({"metadata":{"name":"a"},"spec":{"type":"NodePort","ports":[{"port":1}]}})");
  EXPECT_EQ(ask(kube::Method::kPatch, services + "/a",
                R"({"spec":{"ports":[{"port":1},{"port":2}]}})", "application/merge-patch+json")
                .status,
            500);
}

TEST_F(ApiServerTest, APortThatIsThereTwiceIsToldAsTheRealOneTellsIt) {
  const kube::Response refused =
      create("/api/v1/namespaces/space/services",
             R"({"metadata":{"name":"a"},"spec":{"ports":[{"name":"a","port":1},)"
             R"({"name":"b","port":1}]}})");
  EXPECT_EQ(refused.status, 422);
  const Document status = parse(refused);
  EXPECT_THAT(text_at(status["details"]["causes"][0], {"message"}),
              testing::StrEq(R"(Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,)"
                             R"("Port":1,"TargetPort":0,"NodePort":0})"));
}

TEST_F(ApiServerTest, AFinalizerThatComesTooLateIsNamedOnce) {
  apply(reconcile::build_pvc(registry(), nullptr));
  const std::string path = "/api/v1/namespaces/space/persistentvolumeclaims/registry";
  ask(kube::Method::kDelete, path);
  const kube::Response refused =
      ask(kube::Method::kPatch, path,
          R"([{"op":"add","path":"/metadata/finalizers/0","value":"example.com/a"},)"
          R"({"op":"add","path":"/metadata/finalizers/0","value":"example.com/a"}])",
          "application/json-patch+json");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr(R"([]string{\"example.com/a\"})"));
}

TEST_F(ApiServerTest, AnAddressOfALoadBalancerGoesWithItsType) {
  const std::string path = "/api/v1/namespaces/space/services/a";
  const std::string merge = "application/merge-patch+json";
  create("/api/v1/namespaces/space/services",
         R"({"metadata":{"name":"a"},"spec":{"type":"LoadBalancer","ports":[{"port":1}]}})");
  const std::string status = R"({"status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}}})";
  EXPECT_THAT(ask(kube::Method::kPatch, path + "/status", status, merge).body,
              HasSubstr("1.2.3.4"));
  EXPECT_THAT(ask(kube::Method::kPatch, path, R"({"spec":{"type":"NodePort"}})", merge).body,
              Not(HasSubstr("1.2.3.4")));
}

TEST_F(ApiServerTest, ANamespaceThatIsBeingDeletedOutlivesAnEdit) {
  ask(kube::Method::kDelete, "/api/v1/namespaces/space");
  ask(kube::Method::kPatch, "/api/v1/namespaces/space", R"({"metadata":{"labels":{"a":"b"}}})",
      "application/merge-patch+json");
  EXPECT_THAT(ask(kube::Method::kGet, "/api/v1/namespaces/space").body,
              HasSubstr("\"phase\":\"Terminating\""));
}

TEST_F(ApiServerTest, AJsonPatchIsDoneAsAWholeOrNotAtAll) {
  const std::string path = "/api/v1/namespaces/space/services/registry";
  const std::string operations = "application/json-patch+json";
  apply(reconcile::build_service(registry(), 0));
  const kube::Response done = ask(
      kube::Method::kPatch, path,
      R"([{"op":"replace","path":"/metadata/annotations/localregistry.dev~1owner","value":"x"},)"
      R"({"op":"add","path":"/metadata/finalizers","value":["example.com/b"]},)"
      R"({"op":"add","path":"/metadata/finalizers/0","value":"example.com/a"}])",
      operations);
  EXPECT_EQ(done.status, 200);
  EXPECT_THAT(done.body, HasSubstr(R"("localregistry.dev/owner":"x")"));
  EXPECT_THAT(done.body, HasSubstr(R"(["example.com/a","example.com/b"])"));
  const kube::Response refused =
      ask(kube::Method::kPatch, path,
          R"([{"op":"remove","path":"/metadata/finalizers/0"},)"
          R"({"op":"test","path":"/metadata/finalizers/0","value":"example.com/a"}])",
          operations);
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(ask(kube::Method::kGet, path).body, done.body);
}

TEST_F(ApiServerTest, AClaimDoesNotShrinkBelowItsCapacityThoughItIsNotBound) {
  apply(reconcile::build_pvc(registry(), nullptr));
  const std::string path = "/api/v1/namespaces/space/persistentvolumeclaims/registry";
  const std::string merge = "application/merge-patch+json";
  ask(kube::Method::kPatch, path + "/status",
      R"({"status":{"phase":"Lost","capacity":{"storage":"5Gi"}}})", merge);
  const kube::Response refused =
      ask(kube::Method::kPatch, path, R"({"spec":{"resources":{"requests":{"storage":"1Gi"}}}})",
          merge);
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr("spec is immutable after creation"));
  EXPECT_THAT(refused.body, HasSubstr("field can not be less than status.capacity"));
}

TEST_F(ApiServerTest, AnApplyThatOnlyMakesItsManagerTheLatestIsAWrite) {
  api::LocalRegistry wanted = registry();
  wanted.spec.persistence.size = api::Quantity{"5120Mi"};  // stored as "5Gi", so the text differs
  apply(reconcile::build_pvc(wanted, nullptr));
  const std::string path = "/api/v1/namespaces/space/persistentvolumeclaims/registry";
  time += std::chrono::seconds(1);
  ask(kube::Method::kPatch, path + "?fieldManager=other",
      R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"registry",)"
      R"("labels":{"other":"yes"}}})",
      "application/apply-patch+yaml");
  const Revision before = server.revision();
  time += std::chrono::seconds(1);
  apply(reconcile::build_pvc(wanted, nullptr));
  EXPECT_EQ(server.revision(), before + 1);
  time += std::chrono::seconds(1);
  apply(reconcile::build_pvc(wanted, nullptr));
  EXPECT_EQ(server.revision(), before + 1);
}

}  // namespace
}  // namespace sim
