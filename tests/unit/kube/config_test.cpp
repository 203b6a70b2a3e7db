#include "kube/config/config.h"

#include <gmock/gmock.h>

#include "unit/kube/transport_fixture.h"

namespace {

using base::ErrorCode;
using kube::EnvironmentVariables;
using testing::HasSubstr;
using testing::Not;
using testing_tls::TemporaryFolder;

TEST(ServerUrl, HasHostPortAndBasePath) {
  const auto url = kube::parse_server_url("https://api.test:6443/clusters/a/");
  ASSERT_TRUE(url);
  EXPECT_EQ(*url, (kube::ServerUrl{true, "api.test", 6443, "/clusters/a"}));
  EXPECT_EQ(url->authority(), "api.test:6443");
  EXPECT_EQ(url->text(), "https://api.test:6443/clusters/a");
}

TEST(ServerUrl, HasThePortOfItsSchemeWithoutOneOfItsOwn) {
  EXPECT_EQ(kube::parse_server_url("https://api.test")->port, 443);
  EXPECT_EQ(kube::parse_server_url("http://api.test/")->port, 80);
  EXPECT_EQ(kube::parse_server_url("HTTPS://api.test")->authority(), "api.test");
}

TEST(ServerUrl, TakesAnIpv6AddressInBrackets) {
  const auto url = kube::parse_server_url("https://[fd00::1]:6443");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "fd00::1");
  EXPECT_EQ(url->authority(), "[fd00::1]:6443");
}

TEST(ServerUrl, RefusesWhatItCannotUseWithoutRepeatingIt) {
  for (const std::string text : {"", "secret", "secret:6443", "ftp://secret", "https://",
                                 "https://secret:0", "https://secret:70000", "https://secret:80x",
                                 "https://secret:1:2", "https://jane:secret@api.test",
                                 "https://secret?x=1", "https://secret#x", "https://se cret"}) {
    const auto url = kube::parse_server_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(url.error().message, Not(HasSubstr("secret")));
  }
}

TEST(ProxyUrl, MayHaveAUserAndAPasswordWhichAreNotShown) {
  const auto url = kube::parse_proxy_url("http://ja%40ne:pass%20word@proxy.test:3128");
  ASSERT_TRUE(url);
  EXPECT_EQ(*url,
            (kube::ProxyUrl{net::ProxyKind::kHttp, "proxy.test", 3128, "ja@ne", "pass word"}));
  EXPECT_EQ(url->shown(), "http://proxy.test:3128");
}

TEST(ProxyUrl, MayBeOfSocks) {
  for (const std::string scheme : {"socks5", "socks5h", "SOCKS5"}) {
    const auto url = kube::parse_proxy_url(scheme + "://jane:secret@proxy.test");
    ASSERT_TRUE(url) << scheme;
    EXPECT_EQ(*url,
              (kube::ProxyUrl{net::ProxyKind::kSocks5, "proxy.test", 1080, "jane", "secret"}));
    EXPECT_EQ(url->shown(), "socks5://proxy.test:1080");
  }
  EXPECT_EQ(kube::parse_proxy_url("socks5://proxy.test:1081")->port, 1081);
  EXPECT_FALSE(kube::parse_proxy_url("socks4://proxy.test"));
}

struct NoProxyCase {
  std::string server;
  std::string no_proxy;
  bool proxied;
};

// The cases follow the documentation of NO_PROXY in golang.org/x/net/http/httpproxy.
TEST(ProxyFromEnvironment, FollowsNoProxy) {
  const std::vector<NoProxyCase> cases = {
      {"https://api.test", "", true},
      {"https://localhost:6443", "", false},
      {"https://127.0.0.2:6443", "", false},
      {"https://[::1]:6443", "", false},
      {"https://api.test", "*", false},
      {"https://api.test", "other.test, api.test", false},
      {"https://API.test", "api.TEST", false},
      {"https://sub.api.test", "api.test", false},
      {"https://api.test", ".api.test", true},
      {"https://sub.api.test", ".api.test", false},
      {"https://sub.api.test", "*.api.test", false},
      {"https://xapi.test", "api.test", true},
      {"https://api.test:6443", "api.test:6443", false},
      {"https://api.test:6443", "api.test:443", true},
      {"https://api.test", "api.test:443", false},
      {"https://10.1.2.3", "10.0.0.0/8", false},
      {"https://11.1.2.3", "10.0.0.0/8", true},
      {"https://10.1.2.3", "10.1.2.3", false},
      {"https://10.1.2.3:6443", "10.1.2.3:6443", false},
      {"https://[fd00::5]", "fd00::/8", false},
      {"https://[fd00::5]:6443", "[fd00::5]:6443", false},
      {"https://[fd00::5]", "fd00::5", false},
      {"https://api.test", "10.0.0.0/8", true},
      {"https://api.test", ":443,,", true},
  };
  for (const NoProxyCase& one : cases) {
    const EnvironmentVariables environment = {{"HTTPS_PROXY", "http://proxy.test:3128"},
                                              {"NO_PROXY", one.no_proxy}};
    const auto proxy =
        kube::proxy_from_environment(*kube::parse_server_url(one.server), environment);
    ASSERT_TRUE(proxy);
    EXPECT_EQ(proxy->has_value(), one.proxied) << one.server << " and " << one.no_proxy;
  }
}

TEST(ProxyFromEnvironment, ReadsTheVariableOfTheSchemeInEitherCase) {
  const auto https = *kube::parse_server_url("https://api.test");
  const auto http = *kube::parse_server_url("http://api.test");
  EXPECT_TRUE(*kube::proxy_from_environment(https, {{"https_proxy", "http://p.test"}}));
  EXPECT_FALSE(*kube::proxy_from_environment(https, {{"HTTP_PROXY", "http://p.test"}}));
  EXPECT_TRUE(*kube::proxy_from_environment(http, {{"HTTP_PROXY", "http://p.test"}}));
  const auto bare = *kube::proxy_from_environment(https, {{"HTTPS_PROXY", "p.test:3128"}});
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->shown(), "http://p.test:3128");
}

TEST(ProxyFromEnvironment, MayBeOfSocksAndIgnoresAllProxyAsGoDoes) {
  const auto server = *kube::parse_server_url("https://api.test");
  const auto socks = kube::proxy_from_environment(server, {{"HTTPS_PROXY", "socks5://p.test"}});
  ASSERT_TRUE(socks && *socks);
  EXPECT_EQ((*socks)->shown(), "socks5://p.test:1080");
  EXPECT_FALSE(*kube::proxy_from_environment(server, {{"ALL_PROXY", "socks5://p.test"}}));
}

TEST(ProxyFromEnvironment, NamesTheVariableThatIsWrong) {
  const auto proxy = kube::proxy_from_environment(*kube::parse_server_url("https://api.test"),
                                                  {{"HTTPS_PROXY", "socks4://jane:secret@p"}});
  ASSERT_FALSE(proxy);
  EXPECT_THAT(proxy.error().message, HasSubstr("HTTPS_PROXY: expected a URL"));
  EXPECT_THAT(proxy.error().message, Not(HasSubstr("secret")));
}

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

TEST(CredentialFile, IsBoundedAndPlain) {
  const TemporaryFolder folder;
  const std::string large = folder.write("large", std::string(limits::kCredentialBytes + 1, 'x'));
  EXPECT_EQ(kube::read_credential_file(large).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(kube::read_credential_file(folder.path("")).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(kube::read_credential_file(folder.path("none")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(*kube::read_credential_file(folder.write("small", "x\n")), "x\n");
}

}  // namespace
