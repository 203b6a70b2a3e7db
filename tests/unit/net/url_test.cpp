#include "net/url.h"

#include <gmock/gmock.h>

namespace {

using base::ErrorCode;
using testing::HasSubstr;
using testing::Not;

TEST(ServerUrl, HasHostPortAndBasePath) {
  const auto url = net::parse_server_url("https://api.test:6443/clusters/a/");
  ASSERT_TRUE(url);
  EXPECT_EQ(*url, (net::ServerUrl{true, "api.test", 6443, "/clusters/a"}));
  EXPECT_EQ(url->authority(), "api.test:6443");
  EXPECT_EQ(url->text(), "https://api.test:6443/clusters/a");
}

TEST(ServerUrl, HasThePortOfItsSchemeWithoutOneOfItsOwn) {
  EXPECT_EQ(net::parse_server_url("https://api.test")->port, 443);
  EXPECT_EQ(net::parse_server_url("http://api.test/")->port, 80);
  EXPECT_EQ(net::parse_server_url("HTTPS://api.test")->authority(), "api.test");
}

TEST(ServerUrl, TakesAnIpv6AddressInBrackets) {
  const auto url = net::parse_server_url("https://[fd00::1]:6443");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "fd00::1");
  EXPECT_EQ(url->authority(), "[fd00::1]:6443");
}

TEST(ServerUrl, RefusesWhatItCannotUseWithoutRepeatingIt) {
  for (const std::string text : {"", "secret", "secret:6443", "ftp://secret", "https://",
                                 "https://secret:0", "https://secret:70000", "https://secret:80x",
                                 "https://secret:1:2", "https://jane:secret@api.test",
                                 "https://secret?x=1", "https://secret#x", "https://se cret"}) {
    const auto url = net::parse_server_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(url.error().message, Not(HasSubstr("secret")));
  }
}

TEST(ServerUrl, HasAHostThatCanBeANameOrAnAddress) {
  for (const char* host : {"host", "a_b.example", "127.0.0.1", "[::1]", "h%6Fst"}) {
    EXPECT_TRUE(net::parse_server_url("https://" + std::string(host))) << host;
  }
  for (const char* wrong :
       {"a%1Db", "a%0D%0Ab", "a%20b", "a%2Fb", "a;b", "a%C3%A9", "a%3Ab", "1%3A80"}) {
    EXPECT_FALSE(net::parse_server_url("https://" + std::string(wrong))) << wrong;
    EXPECT_FALSE(net::parse_proxy_url("http://" + std::string(wrong))) << wrong;
  }
}

TEST(ServerUrl, HasAPortBetween1And65535) {
  EXPECT_EQ(net::parse_server_url("https://host:65535")->port, 65535);
  for (const std::string_view wrong : {"0", "65536", "70000", "99999", "4294967297", "-1", "x"}) {
    EXPECT_FALSE(net::parse_server_url("https://host:" + std::string(wrong))) << wrong;
  }
}

TEST(HostAndPort, HasBracketsAroundAnIpv6Address) {
  EXPECT_EQ(net::host_and_port("api.test", 443), "api.test:443");
  EXPECT_EQ(net::host_and_port("fd00::1", 6443), "[fd00::1]:6443");
}

TEST(AddressOf, IsNothingForAName) {
  EXPECT_EQ(net::address_of("127.0.0.1")->to_string(), "127.0.0.1");
  EXPECT_EQ(net::address_of("::1")->to_string(), "::1");
  EXPECT_FALSE(net::address_of("localhost"));
  EXPECT_FALSE(net::address_of("[::1]"));
  EXPECT_FALSE(net::address_of(""));
}

TEST(ProxyUrl, MayHaveAUserAndAPasswordWhichAreNotShown) {
  const auto url = net::parse_proxy_url("http://ja%40ne:pass%20word@proxy.test:3128");
  ASSERT_TRUE(url);
  EXPECT_EQ(*url, (net::ProxyUrl{net::ProxyKind::kHttp, "proxy.test", 3128, "ja@ne", "pass word"}));
  EXPECT_EQ(url->shown(), "http://proxy.test:3128");
}

TEST(ProxyUrl, MayBeOfSocks) {
  for (const std::string scheme : {"socks5", "socks5h", "SOCKS5"}) {
    const auto url = net::parse_proxy_url(scheme + "://jane:secret@proxy.test");
    ASSERT_TRUE(url) << scheme;
    EXPECT_EQ(*url, (net::ProxyUrl{net::ProxyKind::kSocks5, "proxy.test", 1080, "jane", "secret"}));
    EXPECT_EQ(url->shown(), "socks5://proxy.test:1080");
  }
  EXPECT_EQ(net::parse_proxy_url("socks5://proxy.test:1081")->port, 1081);
  EXPECT_FALSE(net::parse_proxy_url("socks4://proxy.test"));
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
    const base::EnvironmentVariables environment = {{"HTTPS_PROXY", "http://proxy.test:3128"},
                                                    {"NO_PROXY", one.no_proxy}};
    const auto proxy = net::proxy_from_environment(*net::parse_server_url(one.server), environment);
    ASSERT_TRUE(proxy);
    EXPECT_EQ(proxy->has_value(), one.proxied) << one.server << " and " << one.no_proxy;
  }
}

TEST(ProxyFromEnvironment, ReadsTheVariableOfTheSchemeInEitherCase) {
  const auto https = *net::parse_server_url("https://api.test");
  const auto http = *net::parse_server_url("http://api.test");
  EXPECT_TRUE(*net::proxy_from_environment(https, {{"https_proxy", "http://p.test"}}));
  EXPECT_FALSE(*net::proxy_from_environment(https, {{"HTTP_PROXY", "http://p.test"}}));
  EXPECT_TRUE(*net::proxy_from_environment(http, {{"HTTP_PROXY", "http://p.test"}}));
  const auto bare = *net::proxy_from_environment(https, {{"HTTPS_PROXY", "p.test:3128"}});
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->shown(), "http://p.test:3128");
}

TEST(ProxyFromEnvironment, MayBeOfSocksAndIgnoresAllProxyAsGoDoes) {
  const auto server = *net::parse_server_url("https://api.test");
  const auto socks = net::proxy_from_environment(server, {{"HTTPS_PROXY", "socks5://p.test"}});
  ASSERT_TRUE(socks && *socks);
  EXPECT_EQ((*socks)->shown(), "socks5://p.test:1080");
  EXPECT_FALSE(*net::proxy_from_environment(server, {{"ALL_PROXY", "socks5://p.test"}}));
}

TEST(ProxyFromEnvironment, NamesTheVariableThatIsWrong) {
  const auto proxy = net::proxy_from_environment(*net::parse_server_url("https://api.test"),
                                                 {{"HTTPS_PROXY", "socks4://jane:secret@p"}});
  ASSERT_FALSE(proxy);
  EXPECT_THAT(proxy.error().message, HasSubstr("HTTPS_PROXY: expected a URL"));
  EXPECT_THAT(proxy.error().message, Not(HasSubstr("secret")));
}

}  // namespace
