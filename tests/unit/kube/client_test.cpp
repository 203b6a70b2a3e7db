#include "kube/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/apps.h"
#include "api/local_registry.h"
#include "kube/status.h"
#include "support/scripted_transport.h"

namespace kube {
namespace {

using base::ErrorCode;
using testing::HasSubstr;
using testing::Not;

class ClientTest : public testing::Test {
 protected:
  ClientTest()
      : transport(world), client(transport, [this](Method method, int code) {
          observed.push_back(std::string(name(method)) + " " + std::to_string(code));
        }) {}

  void answer_with(int status, const std::string& body) {
    transport.on_send = [status, body](const Request&) { return support::answer(status, body); };
  }
  const Request& sent() { return transport.sent.back(); }

  support::World world;
  support::ScriptedTransport transport;
  std::vector<std::string> observed;
  Client client;
};

constexpr auto kService = R"({"kind":"Service","apiVersion":"v1",
    "metadata":{"name":"a","namespace":"team","uid":"uid-1","resourceVersion":"7"},
    "spec":{"ports":[{"port":5000,"nodePort":31000}]}})";

constexpr auto kGoneStatus = R"({"kind":"Status","status":"Success","details":{"name":"a"}})";

api::LocalRegistry registry() {
  api::LocalRegistry object;
  object.metadata.name = "a";
  object.metadata.namespace_name = "team";
  object.metadata.uid = "uid-1";
  object.metadata.resource_version = "7";
  object.metadata.labels["x"] = "y";
  object.spec.port = 5001;
  object.status.node_port = 31000;
  return object;
}

TEST_F(ClientTest, AGetGivesTheTypedObject) {
  answer_with(200, kService);
  const auto service = world.result_of(client.get<api::Service>({"team", "a"}));
  ASSERT_TRUE(service);
  EXPECT_EQ(service->spec.ports.at(0).node_port, 31000);
  EXPECT_EQ(sent().target, "/api/v1/namespaces/team/services/a");
  EXPECT_EQ(sent().timeout, limits::kRequestTimeout);
}

TEST_F(ClientTest, EachAnswerIsObservedAndAFailureToGetOneIsNot) {
  answer_with(200, kService);
  (void)world.result_of(client.get<api::Service>({"team", "a"}));
  answer_with(503, "");
  (void)world.result_of(client.create(api::Service()));
  transport.on_send = [](const Request&) { return base::Error{ErrorCode::kNetwork, "refused"}; };
  const auto service = world.result_of(client.get<api::Service>({"team", "a"}));
  EXPECT_EQ(service.error().code, ErrorCode::kNetwork);
  EXPECT_EQ(observed, (std::vector<std::string>{"GET 200", "POST 503"}));
}

TEST_F(ClientTest, AnotherTimeoutIsForTheCopyOnly) {
  answer_with(200, kService);
  (void)world.result_of(
      client.with_timeout(std::chrono::seconds(5)).get<api::Service>({"team", "a"}));
  EXPECT_EQ(sent().timeout, std::chrono::seconds(5));
  (void)world.result_of(client.get<api::Service>({"team", "a"}));
  EXPECT_EQ(sent().timeout, limits::kRequestTimeout);
}

TEST_F(ClientTest, AnAnswerThatIsNoJsonIsMalformed) {
  answer_with(200, "<html>");
  const auto service = world.result_of(client.get<api::Service>({"team", "a"}));
  EXPECT_EQ(service.error().code, ErrorCode::kMalformed);
}

TEST_F(ClientTest, AMissingCrdIsDistinguishedFromAMissingObject) {
  answer_with(404, "404 page not found\n");
  const auto object = world.result_of(client.get<api::LocalRegistry>({"team", "a"}));
  EXPECT_TRUE(is_missing_type(object.error()));
  EXPECT_EQ(object.error().message,
            "the API server does not serve localregistries.localregistry.dev");
}

TEST_F(ClientTest, AListGivesOnePageAndTheWayToTheNext) {
  answer_with(200, R"({"kind":"NodeList","metadata":{"resourceVersion":"9","continue":"next"},
                       "items":[{"metadata":{"name":"n"},"spec":{"providerID":"kind://x"}}]})");
  ListOptions options;
  options.limit = 1;
  const auto nodes = world.result_of(client.list<api::Node>(options));
  ASSERT_TRUE(nodes);
  EXPECT_EQ(nodes->items.at(0).spec.provider_id, "kind://x");
  EXPECT_EQ(nodes->metadata.continue_token, "next");
  EXPECT_EQ(sent().target, "/api/v1/nodes?limit=1");
}

TEST_F(ClientTest, ACreateOnlyApplyAsksForAVersionThatNoObjectHas) {
  answer_with(201, kService);
  api::Service service;
  service.metadata.name = "a";
  service.metadata.namespace_name = "team";
  const auto applied = world.result_of(client.apply(service, ApplyGuard::create_only()));
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->metadata.uid, "uid-1");
  EXPECT_EQ(sent().method, Method::kPatch);
  EXPECT_EQ(sent().body,
            R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"team",)"
            R"("resourceVersion":"1"}})");
}

TEST_F(ClientTest, AnApplyToAUidThatIsAnothersIsAConflict) {
  answer_with(422, R"({"kind":"Status","reason":"Invalid","message":"m","code":422,"details":
      {"name":"a","causes":[{"reason":"FieldValueInvalid","field":"metadata.uid"}]}})");
  const auto applied = world.result_of(client.apply(api::Service(), ApplyGuard::uid("uid-1")));
  EXPECT_EQ(applied.error().code, ErrorCode::kConflict);
  EXPECT_THAT(sent().body, HasSubstr(R"("uid":"uid-1")"));
}

TEST_F(ClientTest, AnApplyThatIsInvalidForAnotherReasonStaysInvalid) {
  answer_with(422, R"({"kind":"Status","reason":"Invalid","message":"m","code":422,"details":
      {"name":"a","causes":[{"reason":"FieldValueInvalid","field":"spec.ports[0].nodePort"}]}})");
  const auto applied = world.result_of(client.apply(api::Service(), ApplyGuard::uid("uid-1")));
  EXPECT_EQ(applied.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(applied.error().causes.at(0).field, "spec.ports[0].nodePort");
}

TEST_F(ClientTest, AnApplyOfTheStatusSendsNothingElse) {
  answer_with(200, "{}");
  (void)world.result_of(client.apply_status(registry()));
  EXPECT_THAT(sent().target, HasSubstr("/localregistries/a/status?"));
  EXPECT_THAT(sent().body, HasSubstr(R"("metadata":{"name":"a","namespace":"team","uid":"uid-1",)"
                                     R"("resourceVersion":"7"})"));
  EXPECT_THAT(sent().body, HasSubstr(R"("status":{"nodePort":31000})"));
  EXPECT_THAT(sent().body, Not(HasSubstr("5001")));
}

TEST_F(ClientTest, FinalizersAreSetWithTheVersionThatWasRead) {
  answer_with(200, "{}");
  (void)world.result_of(client.set_finalizers<api::LocalRegistry>(registry().metadata, {"f/g"}));
  EXPECT_EQ(sent().content_type, "application/merge-patch+json");
  EXPECT_EQ(sent().body,
            R"({"metadata":{"uid":"uid-1","resourceVersion":"7","finalizers":["f/g"]}})");
}

TEST_F(ClientTest, ADeleteOfAnObjectThatIsGoneAtOnceGivesNothing) {
  answer_with(200, kGoneStatus);
  const auto left = world.result_of(
      client.remove<api::Service>({"team", "a"}, {"uid-1", ""}, Propagation::kBackground));
  ASSERT_TRUE(left);
  EXPECT_FALSE(left->has_value());
}

TEST_F(ClientTest, ADeleteThatGivesTheDeletedObjectBackGivesNothingEither) {
  answer_with(200, kService);
  const auto left = world.result_of(
      client.remove<api::Service>({"team", "a"}, {"uid-1", ""}, Propagation::kBackground));
  ASSERT_TRUE(left);
  EXPECT_FALSE(left->has_value());
}

TEST_F(ClientTest, ADeleteOfAnObjectWithFinalizersGivesTheObjectThatStays) {
  answer_with(200, R"({"kind":"PersistentVolumeClaim","metadata":{"name":"a","namespace":"team",
      "uid":"uid-1","resourceVersion":"9","deletionTimestamp":"2026-01-01T00:00:00Z",
      "finalizers":["kubernetes.io/pvc-protection"]}})");
  const auto left = world.result_of(client.remove<api::PersistentVolumeClaim>(
      {"team", "a"}, {"uid-1", "7"}, Propagation::kBackground));
  ASSERT_TRUE(left);
  ASSERT_TRUE(left->has_value());
  EXPECT_EQ((*left)->metadata.resource_version, "9");
}

TEST_F(ClientTest, ADeleteWhosePreconditionFailsIsAConflict) {
  answer_with(409, R"({"kind":"Status","reason":"Conflict","message":"Precondition failed",
                       "details":{"name":"a"},"code":409})");
  const auto left = world.result_of(
      client.remove<api::Service>({"team", "a"}, {"uid-1", ""}, Propagation::kBackground));
  EXPECT_EQ(left.error().code, ErrorCode::kConflict);
}

TEST_F(ClientTest, ArgumentsNeedNotOutliveTheCall) {
  answer_with(200, kService);
  Awaitable<api::Service> pending = [this] {
    const api::Service service = registry().metadata.name == "a" ? api::Service() : api::Service();
    return client.create(service);
  }();
  EXPECT_TRUE(world.result_of(std::move(pending)));
}

TEST_F(ClientTest, OpeningAWatchGivesItsStreamOrTheError) {
  const auto open = [this] {
    return client.open(api::Resource<api::Service>::kType,
                       watch_request(api::Resource<api::Service>::kType, {}));
  };
  EXPECT_TRUE(world.result_of(open()));
  transport.on_open = [](const Request&) { return support::answer(410, ""); };
  EXPECT_EQ(world.result_of(open()).error().code, ErrorCode::kGone);
  EXPECT_EQ(observed, (std::vector<std::string>{"GET 200", "GET 410"}));
}

}  // namespace
}  // namespace kube
