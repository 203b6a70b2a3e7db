#include "kube/config/kubeconfig.h"

#include <gmock/gmock.h>

#include "base/text/base64.h"
#include "unit/kube/transport_fixture.h"

namespace {

using base::ErrorCode;
using kube::EnvironmentVariables;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing_tls::TemporaryFolder;

class Kubeconfig : public testing::Test {
 protected:
  // Writes a kubeconfig with one cluster and one user, whose fields are given in YAML flow style.
  std::string write(const std::string& cluster, const std::string& user,
                    const std::string& name = "config") {
    return folder_.write(name,
                         "apiVersion: v1\nkind: Config\ncurrent-context: main\n"
                         "clusters:\n- name: c\n  cluster: {" +
                             cluster +
                             "}\n"
                             "users:\n- name: u\n  user: {" +
                             user +
                             "}\n"
                             "contexts:\n- name: main\n  context: {cluster: c, user: u}\n");
  }

  base::Result<kube::ClientConfig> load(const std::string& file, const std::string& context = "") {
    return kube::load_kubeconfig({file, context}, environment_);
  }

  // Returns the error for a user with these fields.
  std::string refusal(const std::string& user, const std::string& cluster = "") {
    const std::string server = "server: https://api.test";
    const auto config = load(write(cluster.empty() ? server : cluster, user));
    if (config) return "accepted";
    EXPECT_NE(config.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(config.error().message, HasSubstr(folder_.path("config")));
    return config.error().message;
  }

  TemporaryFolder folder_;
  EnvironmentVariables environment_;
};

TEST_F(Kubeconfig, AsKindWritesIt) {
  const std::string file = folder_.write("config", R"(
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://127.0.0.1:34567
  name: kind-kind
contexts:
- context:
    cluster: kind-kind
    namespace: apps
    user: kind-kind
  name: kind-kind
current-context: kind-kind
kind: Config
preferences: {}
users:
- name: kind-kind
  user:
    client-certificate-data: Q0VSVA==
    client-key-data: S0VZ
)");
  const auto config = load(file);
  ASSERT_TRUE(config) << base::to_string(config.error());
  EXPECT_EQ(config->server.text(), "https://127.0.0.1:34567");
  EXPECT_EQ(config->ca.text, "CA");
  EXPECT_EQ(config->client_certificate.text, "CERT");
  EXPECT_EQ(config->client_key.text, "KEY");
  EXPECT_EQ(config->namespace_name, "apps");
  EXPECT_EQ(config->origin, "context kind-kind of " + file);
}

TEST_F(Kubeconfig, AsMinikubeWritesItWithFilesRelativeToItself) {
  folder_.write("sub/ca.crt", "CA");
  folder_.write("profile/client.crt", "CERT");
  folder_.write("profile/client.key", "KEY");
  const auto config =
      load(write("server: 'https://192.168.49.2:8443', certificate-authority: ca.crt, "
                 "extensions: [{name: cluster_info, extension: {provider: minikube.sigs.k8s.io}}]",
                 "client-certificate: ../profile/client.crt, client-key: " +
                     folder_.path("profile/client.key"),
                 "sub/config"));
  ASSERT_TRUE(config) << base::to_string(config.error());
  EXPECT_EQ(config->ca.file, folder_.path("sub/ca.crt"));
  EXPECT_EQ(config->client_certificate.file, folder_.path("profile/client.crt"));
  EXPECT_EQ(config->client_key.file, folder_.path("profile/client.key"));
  EXPECT_EQ(config->namespace_name, "default");
}

TEST_F(Kubeconfig, AsAksWritesItWithAPluginAndItsClusterInformation) {
  const auto config = load(folder_.write("config", R"(
clusters:
- name: c
  cluster:
    server: https://api.test:443
    extensions:
    - name: client.authentication.k8s.io/exec
      extension: {audience: abc, nested: {a: 1}}
contexts: [{name: main, context: {cluster: c, user: u}}]
current-context: main
users:
- name: u
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args: [get-token, --login, devicecode]
      env:
      - {name: AZURE_CONFIG, value: "/etc/azure"}
      installHint: |
        Install kubelogin first.
      provideClusterInfo: true
)"));
  ASSERT_TRUE(config) << base::to_string(config.error());
  ASSERT_TRUE(config->exec);
  EXPECT_EQ(config->exec->command, "kubelogin");
  EXPECT_THAT(config->exec->args, testing::ElementsAre("get-token", "--login", "devicecode"));
  EXPECT_THAT(config->exec->env, testing::ElementsAre(std::pair<std::string, std::string>(
                                     "AZURE_CONFIG", "/etc/azure")));
  EXPECT_EQ(config->exec->install_hint, "Install kubelogin first.");
  EXPECT_TRUE(config->exec->provide_cluster_info);
  EXPECT_EQ(config->exec->cluster_config, R"({"audience":"abc","nested":{"a":1}})");
  EXPECT_EQ(config->exec->interactive, kube::ExecPlugin::Interactive::kIfAvailable);
}

TEST_F(Kubeconfig, APluginWithASlashIsRelativeToTheFile) {
  const std::string exec =
      "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: ";
  EXPECT_EQ(load(write("server: https://a.test", exec + "./bin/plugin}"))->exec->command,
            folder_.path("bin/plugin"));
  EXPECT_EQ(load(write("server: https://a.test", exec + "plugin}"))->exec->command, "plugin");
}

TEST_F(Kubeconfig, InlineDataWinsOverFiles) {
  const auto config =
      load(write("server: 'https://api.test', certificate-authority: none.crt, "
                 "certificate-authority-data: Q0E=",
                 "client-certificate: none, client-certificate-data: Q0VSVA==, client-key: none, "
                 "client-key-data: S0VZ"));
  ASSERT_TRUE(config) << base::to_string(config.error());
  EXPECT_EQ(config->ca, (kube::Pem{"CA", ""}));
  EXPECT_EQ(config->client_certificate, (kube::Pem{"CERT", ""}));
}

TEST_F(Kubeconfig, HasTokensTokenFilesAndPasswords) {
  EXPECT_EQ(load(write("server: https://a.test", "token: abc"))->token, "abc");
  folder_.write("token", "def");
  const auto both = load(write("server: https://a.test", "token: abc, tokenFile: token"));
  ASSERT_TRUE(both);
  EXPECT_EQ(both->token, "abc");
  EXPECT_EQ(both->token_file, folder_.path("token"));
  const auto basic = load(write("server: https://a.test", "username: jane, password: '12'"));
  ASSERT_TRUE(basic);
  EXPECT_EQ(basic->username, "jane");
  EXPECT_EQ(basic->password, "12");
}

TEST_F(Kubeconfig, HasServerNameProxyAndInsecure) {
  environment_["HTTPS_PROXY"] = "http://other.test";
  const auto config =
      load(write("server: 'https://10.0.0.1', tls-server-name: kubernetes, proxy-url: "
                 "'https://proxy.test:8443', insecure-skip-tls-verify: true",
                 ""));
  ASSERT_TRUE(config) << base::to_string(config.error());
  EXPECT_EQ(config->tls_server_name, "kubernetes");
  EXPECT_TRUE(config->insecure_skip_tls_verify);
  EXPECT_EQ(config->proxy->shown(), "https://proxy.test:8443");
  EXPECT_EQ(load(write("server: https://10.0.0.1", ""))->proxy->shown(), "http://other.test:80");
}

TEST_F(Kubeconfig, HasImpersonation) {
  const auto config = load(write("server: https://a.test",
                                 "as: jane, as-uid: '7', as-groups: [a, b], "
                                 "as-user-extra: {scope: [x]}"));
  ASSERT_TRUE(config) << base::to_string(config.error());
  EXPECT_EQ(config->impersonate,
            (kube::Impersonation{"jane", "7", {"a", "b"}, {{"scope", {"x"}}}}));
}

TEST_F(Kubeconfig, AContextWithoutAUserIsAnonymous) {
  const auto config =
      load(folder_.write("config",
                         "current-context: main\ncontexts: [{name: main, context: {cluster: c}}]\n"
                         "clusters: [{name: c, cluster: {server: 'http://localhost:8001'}}]\n"));
  ASSERT_TRUE(config) << base::to_string(config.error());
  EXPECT_EQ(config->token, "");
}

class KubeconfigList : public Kubeconfig {
 protected:
  KubeconfigList() {
    first_ = folder_.write("a/first", R"(
clusters:
- {name: red, cluster: {server: 'https://red-one.test', certificate-authority: ca.crt}}
users:
- {name: red, user: {token: red-one}}
contexts:
- {name: red, context: {cluster: red, user: red, namespace: one}}
)");
    second_ = folder_.write("b/second", R"(
current-context: blue
clusters:
- {name: red, cluster: {server: 'https://red-two.test', tls-server-name: two}}
- {name: blue, cluster: {server: 'https://blue.test', certificate-authority: ca.crt}}
users:
- {name: red, user: {token: red-two, username: jane, password: x}}
- {name: blue, user: {tokenFile: token}}
contexts:
- {name: red, context: {cluster: blue, user: blue}}
- {name: blue, context: {cluster: blue, user: red}}
)");
    third_ = folder_.write("c/third", "current-context: red\n");
    folder_.write("a/ca.crt", "A");
    folder_.write("b/ca.crt", "B");
    folder_.write("b/token", "blue");
    environment_["KUBECONFIG"] =
        folder_.path("missing") + ":" + first_ + "::" + second_ + ":" + third_;
  }

  std::string first_;
  std::string second_;
  std::string third_;
};

TEST_F(KubeconfigList, TheFirstEntryOfANameWinsAsAWhole) {
  const auto config = load("", "red");
  ASSERT_TRUE(config) << base::to_string(config.error());
  EXPECT_EQ(config->server.host, "red-one.test");
  EXPECT_EQ(config->tls_server_name, "");
  EXPECT_EQ(config->token, "red-one");
  EXPECT_EQ(config->username, "");
  EXPECT_EQ(config->namespace_name, "one");
  EXPECT_EQ(config->ca.file, folder_.path("a/ca.crt"));
}

TEST_F(KubeconfigList, TheFirstCurrentContextThatIsSetWins) {
  const auto config = load("");
  ASSERT_TRUE(config) << base::to_string(config.error());
  EXPECT_EQ(config->server.host, "blue.test");
  EXPECT_EQ(config->ca.file, folder_.path("b/ca.crt"));  // relative to its own file
  EXPECT_EQ(config->token, "red-one");                   // a context may join two files
}

TEST_F(KubeconfigList, TheFlagIsTheOnlyFile) {
  const auto config = load(second_, "red");
  ASSERT_TRUE(config) << base::to_string(config.error());
  EXPECT_EQ(config->server.host, "blue.test");
  EXPECT_EQ(config->token_file, folder_.path("b/token"));
}

TEST_F(KubeconfigList, AFileThatCannotBeReadIsNotSkipped) {
  folder_.write("a/first", "clusters: 7");
  const auto config = load("");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message, first_ + ": clusters: expected a list, found an integer");
}

TEST_F(KubeconfigList, AListOfMissingFilesIsNotFound) {
  environment_["KUBECONFIG"] = folder_.path("x") + ":" + folder_.path("y");
  const auto config = load("");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
}

TEST_F(KubeconfigList, AMissingFileOfTheFlagIsNotFound) {
  const auto config = load(folder_.path("missing"));
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(config.error().message, HasSubstr(folder_.path("missing")));
}

TEST_F(Kubeconfig, AServerWithoutSchemeIsReachedByHttpUnlessTlsIsConfigured) {
  const auto server = [&](const std::string& cluster, const std::string& user = "") {
    const auto config = load(write(cluster, user));
    return config ? config->server.text() : base::to_string(config.error());
  };
  EXPECT_EQ(server("server: 'api.test:8080'"), "http://api.test:8080");
  EXPECT_EQ(server("server: api.test"), "http://api.test");
  EXPECT_EQ(server("server: '127.0.0.1:8080/'"), "http://127.0.0.1:8080");
  EXPECT_EQ(server("server: '[::1]:8080'"), "http://[::1]:8080");
  EXPECT_EQ(server("server: 'api.test:6443', certificate-authority-data: Q0E="),
            "https://api.test:6443");
  EXPECT_EQ(server("server: 'api.test:6443', insecure-skip-tls-verify: true"),
            "https://api.test:6443");
  EXPECT_EQ(
      server("server: 'api.test:6443'", "client-certificate-data: Q0VSVA==, client-key-data: S0VZ"),
      "https://api.test:6443");
}

TEST_F(Kubeconfig, WithoutTlsNoCredentialsAreUsed) {
  const auto config = load(write("server: 'http://api.test', tls-server-name: x",
                                 "token: abc, as: jane, client-certificate-data: Q0VSVA==, "
                                 "client-key-data: S0VZ"));
  ASSERT_TRUE(config) << base::to_string(config.error());
  EXPECT_EQ(config->token, "");
  EXPECT_TRUE(config->client_certificate.empty());
  EXPECT_EQ(config->impersonate.user, "jane");
  EXPECT_EQ(config->context, "main");
}

TEST_F(Kubeconfig, APluginDoesNotCountBesideOtherCredentials) {
  const std::string exec =
      ", exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: x}";
  for (const std::string credentials :
       {"token: abc", "username: jane",
        "client-certificate-data: Q0VSVA==, client-key-data: S0VZ"}) {
    const auto config = load(write("server: https://a.test", credentials + exec));
    ASSERT_TRUE(config) << base::to_string(config.error());
    EXPECT_FALSE(config->exec) << credentials;
  }
  EXPECT_TRUE(load(write("server: https://a.test", "as: jane" + exec))->exec);
}

TEST_F(Kubeconfig, HasTheIdTokenOfOidc) {
  const std::string provider =
      "auth-provider: {name: oidc, config: {idp-issuer-url: 'https://idp.test', client-id: k, "
      "id-token: ";
  const auto end_of = [&](const std::string& claims) -> std::optional<base::Time> {
    const auto config = load(
        write("server: https://a.test", provider + "h." + base::encode_base64(claims) + ".s}}"));
    if (!config || !config->id_token) return std::nullopt;
    return config->id_token->expires;
  };
  EXPECT_EQ(end_of(R"({"exp":1893456000})"), base::parse_time("2030-01-01T00:00:00Z"));
  EXPECT_EQ(end_of(R"({"exp":1.893456e9})"), base::parse_time("2030-01-01T00:00:00Z"));
  EXPECT_EQ(end_of(R"({"exp":"soon"})"), std::nullopt);
  EXPECT_EQ(end_of(R"({"sub":"jane"})"), std::nullopt);
  EXPECT_EQ(end_of("{"), std::nullopt);
  const auto with_token = load(write("server: https://a.test", "token: abc, " + provider + "x}}"));
  ASSERT_TRUE(with_token) << base::to_string(with_token.error());
  EXPECT_FALSE(with_token->id_token);
}

TEST_F(Kubeconfig, ATokenThatAForgottenSpaceMadePartOfAKeyIsInNoError) {
  const std::string head = "auth-provider: {name: oidc, config: {idp-issuer-url: x, client-id: k, ";
  EXPECT_THAT(refusal(head + "'id-token:eyJhbGciOi': [1]}}"), Not(HasSubstr("eyJhbGciOi")));
  EXPECT_THAT(refusal(head + "id-token:eyJhbGciOi }}"), Not(HasSubstr("eyJhbGciOi")));
}

TEST_F(Kubeconfig, RefusalsNameTheField) {
  const std::string at = "users[u].user.";
  EXPECT_THAT(refusal("auth-provider: {name: gcp}"),
              HasSubstr(at + "auth-provider.name: provider 'gcp' is not supported"));
  EXPECT_THAT(refusal("auth-provider: {name: oidc, config: {client-id: k}}"),
              HasSubstr(at + "auth-provider.config.idp-issuer-url: missing"));
  EXPECT_THAT(refusal("auth-provider: {name: oidc, config: {idp-issuer-url: x}}"),
              HasSubstr(at + "auth-provider.config.client-id: missing"));
  EXPECT_THAT(refusal("auth-provider: {name: oidc, config: {idp-issuer-url: x, client-id: k, "
                      "id-token: abc}}"),
              HasSubstr(at + "auth-provider.config.id-token: not a JSON Web Token"));
  EXPECT_THAT(refusal("auth-provider: {name: oidc}, exec: {command: x, interactiveMode: Never, "
                      "apiVersion: client.authentication.k8s.io/v1}"),
              HasSubstr(at + "auth-provider: cannot be combined with exec"));
  EXPECT_THAT(refusal("client-certificate-data: Q0VSVA=="), HasSubstr(at + "client-key: missing"));
  EXPECT_THAT(refusal("client-certificate-data: '%%'"),
              HasSubstr(at + "client-certificate-data: not base64"));
  EXPECT_THAT(refusal("client-certificate: none.crt, client-key: none.key"),
              AllOf(HasSubstr(at + "client-certificate: cannot read"),
                    HasSubstr(folder_.path("none.crt"))));
  EXPECT_THAT(refusal("tokenFile: none"), HasSubstr(at + "tokenFile: cannot read"));
  EXPECT_THAT(refusal("token: a, username: b"),
              HasSubstr(at + "username: cannot be combined with a token"));
  EXPECT_THAT(refusal("as-groups: [a]"), HasSubstr(at + "as: missing"));
  EXPECT_THAT(refusal("as: \"a\\nb\""), HasSubstr(at + "as: a value has control characters"));
  EXPECT_THAT(refusal("token: 7"), HasSubstr("users[0].user.token: expected a string"));
  EXPECT_THAT(refusal("exec: {command: x, apiVersion: client.authentication.k8s.io/v1}"),
              HasSubstr(at + "exec.interactiveMode: missing"));
  EXPECT_THAT(refusal("exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}"),
              HasSubstr(at + "exec.apiVersion: expected client.authentication.k8s.io/v1 or"));
  EXPECT_THAT(refusal("exec: {apiVersion: client.authentication.k8s.io/v1}"),
              HasSubstr(at + "exec.command: missing"));
  const std::string cluster = "clusters[c].cluster.";
  EXPECT_THAT(refusal("", "server: ''"), HasSubstr(cluster + "server: missing"));
  EXPECT_THAT(refusal("", "server: 'api.test:6443/base'"),
              HasSubstr(cluster + "server: expected a URL"));
  EXPECT_THAT(refusal("", "server: 'https://a.test', proxy-url: 'socks4://p.test'"),
              HasSubstr(cluster + "proxy-url: expected a URL"));
  EXPECT_THAT(refusal("", "server: 'https://a.test', certificate-authority: none"),
              HasSubstr(cluster + "certificate-authority: cannot read"));
  EXPECT_THAT(refusal("",
                      "server: 'https://a.test', certificate-authority-data: Q0E=, "
                      "insecure-skip-tls-verify: true"),
              HasSubstr(cluster + "insecure-skip-tls-verify: "));
}

TEST_F(Kubeconfig, WhatDoesNotExistIsNamedWithWhoAsksForIt) {
  const std::string contexts =
      "contexts: [{name: a, context: {cluster: none}}, "
      "{name: b, context: {cluster: c, user: nobody}}]\n";
  const std::string file = folder_.write(
      "config", contexts + "clusters: [{name: c, cluster: {server: 'https://a.test'}}]\n");
  EXPECT_THAT(load(file).error().message, HasSubstr("current-context: missing"));
  EXPECT_THAT(load(file, "z").error().message, HasSubstr("--context: there is no context 'z'"));
  EXPECT_THAT(load(file, "a").error().message,
              HasSubstr("contexts[a].context.cluster: there is no cluster 'none'"));
  EXPECT_THAT(load(file, "b").error().message,
              HasSubstr("contexts[b].context.user: there is no user 'nobody'"));
}

TEST_F(Kubeconfig, TwoEntriesOfOneNameInOneFileAreRefused) {
  const std::string file =
      folder_.write("config", "users: [{name: a, user: {}}, {name: a, user: {}}]\n");
  EXPECT_EQ(load(file).error().message,
            file + ": users[1].name: an earlier entry has the same name 'a'");
}

TEST_F(Kubeconfig, AnotherKindOfFileIsRefused) {
  EXPECT_THAT(
      load(folder_.write("config", "apiVersion: apps/v1\nkind: Deployment\n")).error().message,
      HasSubstr("expected Config of apiVersion v1"));
  EXPECT_EQ(load(folder_.write("config", "a: [1")).error().code, ErrorCode::kMalformed);
  EXPECT_THAT(load(folder_.write("config", "")).error().message,
              HasSubstr("current-context: missing"));
}

// Without its closing quote, a name extends over the tokens that follow.
TEST_F(Kubeconfig, AQuoteThatIsLeftOpenShowsNothingOfWhatFollows) {
  const std::string rest = "\nusers:\n- name: u\n  user:\n    token: hunter2hunter2\n# the team";
  for (const char quote : {'\'', '"'}) {
    const std::string name = quote + std::string("dev") + rest + quote;
    const std::string file = folder_.write("config", "current-context: " + name + "\n");
    EXPECT_EQ(load(file).error().message,
              file + ": current-context: there is no context 'dev…' in " + file);
    for (const std::string& context : {"cluster: " + name, "cluster: c, user: " + name}) {
      const std::string used = folder_.write(
          "used", "current-context: a\ncontexts: [{name: a, context: {" + context +
                      "}}]\nclusters: [{name: c, cluster: {server: 'https://a.test'}}]\n");
      EXPECT_THAT(load(used).error().message,
                  AllOf(HasSubstr("'dev…'"), Not(HasSubstr("hunter2"))));
    }
    EXPECT_THAT(refusal("tokenFile: " + name), AllOf(HasSubstr("dev…"), Not(HasSubstr("hunter2"))));
  }
}

TEST_F(Kubeconfig, NoErrorHoldsASecret) {
  const std::string secret = "hunter2hunter2";
  for (const std::string& user : std::vector<std::string>{
           "token: " + secret + ", username: " + secret, "password: *" + secret,
           "token: [" + secret + "]", "token: {" + secret + ": x}", "token: \"" + secret,
           "token: \"" + secret + "\\n" + secret + "\"", "client-key-data: '" + secret + "!'",
           "exec: {command: x, apiVersion: " + secret + "}"}) {
    EXPECT_THAT(refusal(user), AllOf(Not(HasSubstr(secret)), Not("accepted"))) << user;
  }
  EXPECT_THAT(refusal("", "server: 'https://jane:" + secret + "@a.test'"), Not(HasSubstr(secret)));
  EXPECT_THAT(refusal("", "server: 'https://a.test', proxy-url: 'socks5://j:" + secret + "@p'"),
              Not(HasSubstr(secret)));
}

}  // namespace
