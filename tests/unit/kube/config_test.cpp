#include "kube/config/config.h"

#include <gmock/gmock.h>

#include "unit/kube/transport_fixture.h"

namespace {

using base::ErrorCode;
using kube::EnvironmentVariables;
using testing::HasSubstr;
using testing_tls::TemporaryFolder;

class InCluster : public testing::Test {
 protected:
  InCluster() {
    folder_.write("account/token", "the token");
    folder_.write("account/ca.crt", "the CA");
    folder_.write("account/namespace", "operators\n");
  }

  base::Result<kube::ClientConfig> load() {
    return kube::in_cluster_config(environment_, folder_.path("account"));
  }

  TemporaryFolder folder_;
  EnvironmentVariables environment_ = {{"KUBERNETES_SERVICE_HOST", "10.96.0.1"},
                                       {"KUBERNETES_SERVICE_PORT", "443"}};
};

TEST_F(InCluster, ServerAndServiceAccountComeFromThePod) {
  const auto config = load();
  ASSERT_TRUE(config) << base::to_string(config.error());
  EXPECT_EQ(config->server, (kube::ServerUrl{true, "10.96.0.1", 443, ""}));
  EXPECT_EQ(config->token_file, folder_.path("account/token"));
  EXPECT_EQ(config->ca.file, folder_.path("account/ca.crt"));
  EXPECT_EQ(config->namespace_name, "operators");
  EXPECT_EQ(config->origin, "in-cluster");
}

TEST_F(InCluster, TheServiceMayHaveAnIpv6Address) {
  environment_["KUBERNETES_SERVICE_HOST"] = "fd00:10:96::1";
  const auto config = load();
  ASSERT_TRUE(config) << base::to_string(config.error());
  EXPECT_EQ(config->server.text(), "https://[fd00:10:96::1]");
}

TEST_F(InCluster, OutsideOfAPodIsNotFound) {
  environment_.clear();
  const auto config = load();
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
}

TEST_F(InCluster, AMissingTokenIsNamed) {
  std::filesystem::remove(folder_.path("account/token"));
  const auto config = load();
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(config.error().message, "service account: cannot read " +
                                        folder_.path("account/token") +
                                        ": No such file or directory");
}

TEST_F(InCluster, APortThatIsNoneIsNamed) {
  environment_["KUBERNETES_SERVICE_PORT"] = "tcp://1";
  const auto config = load();
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(config.error().message, HasSubstr("KUBERNETES_SERVICE_PORT"));
}

class LoadConfig : public InCluster {
 protected:
  static std::string kubeconfig(const std::string& host) {
    return "current-context: here\n"
           "clusters: [{name: c, cluster: {server: 'https://" +
           host +
           "'}}]\n"
           "contexts: [{name: here, context: {cluster: c}}, {name: there, context: {cluster: "
           "c}}]\n";
  }

  std::string server(const kube::ConfigChoice& choice) {
    kube::ConfigChoice mine = choice;
    mine.service_account_folder = folder_.path("account");
    const auto config = kube::load_config(mine, environment_);
    return config ? config->server.host : base::to_string(config.error());
  }
};

TEST_F(LoadConfig, TheFlagComesFirstThenThePodThenTheVariableThenTheHome) {
  const std::string flag = folder_.write("flag", kubeconfig("flag.test"));
  environment_["KUBECONFIG"] = folder_.write("variable", kubeconfig("variable.test"));
  folder_.write(".kube/config", kubeconfig("home.test"));
  environment_["HOME"] = folder_.path("");
  EXPECT_EQ(server({flag, ""}), "flag.test");
  EXPECT_EQ(server({}), "10.96.0.1");
  environment_.erase("KUBERNETES_SERVICE_HOST");
  EXPECT_EQ(server({}), "variable.test");
  environment_.erase("KUBECONFIG");
  EXPECT_EQ(server({}), "home.test");
}

TEST_F(LoadConfig, AContextIsLookedForInAKubeconfigEvenInAPod) {
  environment_["KUBECONFIG"] = folder_.write("variable", kubeconfig("variable.test"));
  EXPECT_EQ(server({"", "there"}), "variable.test");
}

TEST_F(LoadConfig, TheErrorOfAPodWithoutATokenAndAKubeconfigNamesTheToken) {
  std::filesystem::remove(folder_.path("account/token"));
  environment_["HOME"] = folder_.path("");
  EXPECT_THAT(server({}), HasSubstr("service account: cannot read"));
}

TEST_F(LoadConfig, NothingAtAllSaysWhereItWasLookedFor) {
  environment_ = {{"HOME", folder_.path("nobody")}};
  EXPECT_THAT(server({}), HasSubstr("no kubeconfig: none of " + folder_.path("nobody")));
}

}  // namespace
