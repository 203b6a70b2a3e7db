#include "cli/commands/status.h"

#include <gmock/gmock.h>

#include "unit/cli/fixture.h"

namespace cli {
namespace {

using testing::HasSubstr;

constexpr const char* kRunning =
    R"(,"delivery":"LocalRegistry","nodePort":31234,"url":"localhost:31234",)"
    R"("clusterURL":"registry.team.svc:5000","workload":"Deployment/registry",)"
    R"("images":[{"name":"backend","image":"ghcr.io/org/app","pushPermission":"Denied",)"
    R"("delivery":"LocalRegistry","resolved":"localhost:31234/org/app","message":"401"}])";

class Status : public testing::Test, public Fixture {};

TEST_F(Status, TellsPeopleWhatTheyWantToKnow) {
  have({registry_json("dev", "True", "Ready", kRunning)});
  EXPECT_EQ(*run(StatusCommand{}), 0);
  EXPECT_EQ(out.str(), R"(Name:           dev
Namespace:      team
Ready:          yes (Ready)
Delivery:       LocalRegistry
URL:            localhost:31234
URL for Pods:   registry.team.svc:5000
Workload:       Deployment/registry

CONDITION   STATUS   REASON   AGE   MESSAGE
Ready       True     Ready    5m    why so

IMAGE     PUSH     DELIVERY        REFERENCE
backend   Denied   LocalRegistry   localhost:31234/org/app

backend: 401
)");
}

TEST_F(Status, SaysThatTheOperatorHasNotSeenTheLastChange) {
  api::LocalRegistry registry;
  EXPECT_THAT(describe(registry, {}), HasSubstr("the operator has not reconciled it yet"));
  registry.metadata.generation = 3;
  registry.status.conditions = {{"Ready", "False", "Deploying", "", 2, std::nullopt}};
  EXPECT_THAT(describe(registry, {}),
              HasSubstr("no (Deploying), but the operator has not reconciled"));
}

TEST_F(Status, PrintsTheResourceForTools) {
  have({registry_json("dev", "True", "Ready")});
  answers[path("dev")] = registry_json("dev", "True", "Ready");
  EXPECT_EQ(*run(StatusCommand{"", Output::kName}), 0);
  EXPECT_EQ(out.str(), "localregistry.localregistry.dev/dev\n");
  out.str("");
  EXPECT_EQ(*run(StatusCommand{"dev", Output::kJson}), 0);
  EXPECT_THAT(out.str(), HasSubstr("\"kind\": \"LocalRegistry\""));
  EXPECT_THAT(out.str(), testing::Not(HasSubstr("managedFields")));
  out.str("");
  EXPECT_EQ(*run(StatusCommand{"dev", Output::kYaml}), 0);
  EXPECT_THAT(out.str(), HasSubstr("kind: LocalRegistry\n"));
}

TEST_F(Status, WithoutARegistryOrWithSeveralItSaysWhatToDo) {
  have({});
  EXPECT_EQ(run(StatusCommand{}).error(),
            (Failure{ExitCode::kNotFound,
                     "no LocalRegistry in namespace team: apply one, or "
                     "choose another namespace with -n"}));
  have({registry_json("a", "True", "Ready"), registry_json("b", "True", "Ready")});
  EXPECT_EQ(run(StatusCommand{}).error(),
            (Failure{ExitCode::kUsage,
                     "namespace team has several LocalRegistries: name one of "
                     "a, b with --registry"}));
  EXPECT_EQ(run(StatusCommand{"c"}).error().code, ExitCode::kNotFound);
  EXPECT_EQ(out.str(), "");
}

TEST_F(Status, AClusterWithoutTheOperatorIsToldOf) {
  transport.on_send = [](const kube::Request&) {
    return support::answer(404, "404 page not found");
  };
  const auto outcome = run(StatusCommand{});
  EXPECT_EQ(outcome.error().code, ExitCode::kNotFound);
  EXPECT_THAT(outcome.error().message, HasSubstr("install the chart"));
}

TEST_F(Status, AnApiServerThatIsAwayIsToldOf) {
  transport.on_send = [](const kube::Request&) -> base::Result<kube::Response> {
    return base::Error{base::ErrorCode::kNetwork, "connection refused"};
  };
  EXPECT_EQ(run(StatusCommand{}).error(),
            (Failure{ExitCode::kFailure, "the API server cannot be reached: connection refused"}));
}

TEST_F(Status, TheUrlIsPrintedAlone) {
  have({registry_json("dev", "True", "Ready", kRunning)});
  EXPECT_EQ(*run(UrlCommand{}), 0);
  EXPECT_EQ(*run(UrlCommand{"", true}), 0);
  EXPECT_EQ(out.str(), "localhost:31234\nregistry.team.svc:5000\n");
}

TEST_F(Status, TheUrlIsPrintedForTools) {
  have({registry_json("dev", "True", "Ready", kRunning)});
  EXPECT_EQ(*run(UrlCommand{"", false, Output::kYaml}), 0);
  EXPECT_EQ(*run(UrlCommand{"", true, Output::kJson}), 0);
  EXPECT_EQ(*run(UrlCommand{"", false, Output::kName}), 0);
  EXPECT_EQ(out.str(),
            "url: localhost:31234\n{\n    \"clusterURL\": \"registry.team.svc:5000\"\n}\n"
            "localregistry.localregistry.dev/dev\n");
}

TEST_F(Status, AnAddressThatIsNoneIsNotPrinted) {
  have({registry_json("dev", "True", "Ready", R"(,"url":"$(id","clusterURL":"a.b:1/x\n")")});
  EXPECT_THAT(run(UrlCommand{}).error().message,
              HasSubstr("status.url of LocalRegistry dev is '$(id', which is not HOST:PORT"));
  EXPECT_EQ(run(UrlCommand{"", true}).error().code, ExitCode::kFailure);
  EXPECT_EQ(out.str(), "");
}

TEST_F(Status, WithoutARegistryThatRunsThereIsNoUrl) {
  have({registry_json("dev", "True", "Disabled", R"(,"delivery":"Upstream")")});
  EXPECT_EQ(
      run(UrlCommand{}).error(),
      (Failure{ExitCode::kNotReady, "no registry runs for LocalRegistry dev: Disabled: why so"}));
}

}  // namespace
}  // namespace cli
