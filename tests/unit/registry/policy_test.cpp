#include "registry/policy.h"

#include <gtest/gtest.h>

namespace {

using registry::InsecureRegistries;
using registry::Networks;
using registry::service_network_of;
using registry::special_use;

bool names(const std::vector<std::string>& entries, const std::string& url) {
  const auto registries = InsecureRegistries::parse(entries);
  EXPECT_TRUE(registries) << base::to_string(registries.error());
  return registries && registries->matches(*net::parse_server_url(url));
}

std::string_view use(const std::string& address) {
  return special_use(boost::asio::ip::make_address(address));
}

TEST(InsecureRegistries, NameAHostAtThePortsOfHttp) {
  EXPECT_TRUE(names({"registry.test"}, "https://registry.test"));
  EXPECT_TRUE(names({"Registry.TEST"}, "http://registry.test"));
  EXPECT_FALSE(names({"registry.test"}, "https://registry.test:5000"));
  EXPECT_FALSE(names({"registry.test"}, "https://a.registry.test"));
  EXPECT_FALSE(names({"a.registry.test"}, "https://registry.test"));
  EXPECT_FALSE(names({}, "https://registry.test"));
}

TEST(InsecureRegistries, NameAHostAtAPort) {
  EXPECT_TRUE(names({"registry.test:5000"}, "https://registry.test:5000"));
  EXPECT_FALSE(names({"registry.test:5000"}, "https://registry.test"));
  EXPECT_FALSE(names({"registry.test:5000"}, "https://registry.test:5001"));
  EXPECT_TRUE(names({"a", "b:1", "localhost:5000"}, "http://localhost:5000"));
  EXPECT_FALSE(names({"localhost:5000"}, "http://127.0.0.1:5000"));
}

TEST(InsecureRegistries, NameAddresses) {
  EXPECT_TRUE(names({"10.0.0.1:5000"}, "http://10.0.0.1:5000"));
  EXPECT_TRUE(names({"10.0.0.1"}, "https://10.0.0.1"));
  EXPECT_TRUE(names({"[::1]:5000"}, "http://[::1]:5000"));
  EXPECT_TRUE(names({"[0:0::1]:5000"}, "http://[::1]:5000"));
  EXPECT_TRUE(names({"::1"}, "http://[::1]"));
  EXPECT_TRUE(names({"[::1]"}, "http://[::1]"));
  EXPECT_FALSE(names({"::1"}, "http://[::1]:5000"));
}

TEST(InsecureRegistries, NameNetworksOfAddressesAtAnyPort) {
  EXPECT_TRUE(names({"10.0.0.0/8"}, "https://10.1.2.3:5000"));
  EXPECT_TRUE(names({"10.9.9.9/8"}, "https://10.1.2.3"));
  EXPECT_FALSE(names({"10.0.0.0/8"}, "https://11.1.2.3"));
  EXPECT_TRUE(names({"fd00::/8"}, "https://[fd12::1]:5000"));
  EXPECT_FALSE(names({"fd00::/8"}, "https://[fe12::1]:5000"));
  EXPECT_TRUE(names({"0.0.0.0/0"}, "https://8.8.8.8"));
  EXPECT_FALSE(names({"0.0.0.0/0"}, "https://registry.test"));
  EXPECT_FALSE(names({"0.0.0.0/0"}, "https://[fd00::1]"));
}

TEST(InsecureRegistries, WhatNamesNoRegistryIsRefused) {
  for (const std::string entry : {"", "http://registry.test", "registry.test/path", "a b",
                                  "registry.test:port", "registry.test:70000", "registry.test:0",
                                  "user@registry.test", "10.0.0.0/33", "[::1", "a/8"}) {
    const auto parsed = InsecureRegistries::parse({"fine.test", entry});
    ASSERT_FALSE(parsed) << entry;
    EXPECT_EQ(parsed.error().code, base::ErrorCode::kInvalid);
    EXPECT_NE(parsed.error().message.find("'" + entry + "'"), std::string::npos);
  }
}

TEST(SpecialUse, IsTheUseOfAnAddressWithinTheMachineOrItsLink) {
  EXPECT_EQ(use("127.0.0.1"), "loopback");
  EXPECT_EQ(use("127.255.0.9"), "loopback");
  EXPECT_EQ(use("169.254.169.254"), "link-local");
  EXPECT_EQ(use("0.0.0.0"), "unspecified");
  EXPECT_EQ(use("0.1.2.3"), "unspecified");
  EXPECT_EQ(use("224.0.0.251"), "multicast");
  EXPECT_EQ(use("239.255.255.255"), "multicast");
  EXPECT_EQ(use("255.255.255.255"), "broadcast");
  EXPECT_EQ(use("::1"), "loopback");
  EXPECT_EQ(use("::"), "unspecified");
  EXPECT_EQ(use("fe80::1"), "link-local");
  EXPECT_EQ(use("febf::1"), "link-local");
  EXPECT_EQ(use("ff02::1"), "multicast");
}

TEST(SpecialUse, IsSeenThroughIPv6) {
  EXPECT_EQ(use("::ffff:127.0.0.1"), "loopback");
  EXPECT_EQ(use("::ffff:169.254.169.254"), "link-local");
  EXPECT_EQ(use("::ffff:0.0.0.0"), "unspecified");
  EXPECT_EQ(use("::127.0.0.1"), "loopback");
  EXPECT_EQ(use("64:ff9b::169.254.169.254"), "link-local");
  EXPECT_EQ(use("2002:a9fe:a9fe::1"), "link-local");
}

TEST(SpecialUse, AddressesOfNetworksHaveNone) {
  for (const std::string address :
       {"10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "8.8.8.8", "169.253.0.1",
        "128.0.0.1", "2001:db8::1", "fd00::1", "fec0::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"}) {
    EXPECT_EQ(use(address), "") << address;
  }
}

bool contain(const std::vector<std::string>& entries, const std::string& address) {
  const auto networks = Networks::parse(entries);
  EXPECT_TRUE(networks) << base::to_string(networks.error());
  return networks && networks->contains(boost::asio::ip::make_address(address));
}

TEST(Networks, ContainAddressesHoweverTheyAreWritten) {
  EXPECT_TRUE(contain({"10.96.0.0/12"}, "10.96.0.1"));
  EXPECT_TRUE(contain({"10.96.0.0/12"}, "10.111.255.255"));
  EXPECT_FALSE(contain({"10.96.0.0/12"}, "10.112.0.0"));
  EXPECT_TRUE(contain({"10.1.2.3"}, "10.1.2.3"));
  EXPECT_FALSE(contain({"10.1.2.3"}, "10.1.2.4"));
  EXPECT_TRUE(contain({"1.2.3.4", "fd00::/64"}, "fd00::1"));
  EXPECT_TRUE(contain({"10.96.0.0/12"}, "::ffff:10.96.0.1"));
  EXPECT_TRUE(contain({"10.96.0.0/12"}, "64:ff9b::10.96.0.1"));
  EXPECT_TRUE(contain({"10.96.0.0/12"}, "2002:0a60:1::"));
  EXPECT_FALSE(contain({}, "10.96.0.1"));
  for (const std::string entry : {"", "ten/8", "10.0.0.0/33", "registry.test", "10.0.0.1:5000"}) {
    const auto parsed = Networks::parse({"10.0.0.0/8", entry});
    ASSERT_FALSE(parsed) << entry;
    EXPECT_NE(parsed.error().message.find("'" + entry + "'"), std::string::npos);
  }
}

TEST(ServiceNetwork, IsTheLargestThatMayBeginAtTheAddressOfKubernetes) {
  EXPECT_EQ(service_network_of("10.96.0.1"), "10.96.0.0/12");
  EXPECT_EQ(service_network_of("10.43.0.1"), "10.43.0.0/16");
  EXPECT_EQ(service_network_of("10.100.0.1"), "10.100.0.0/14");
  EXPECT_EQ(service_network_of("10.0.0.1"), "10.0.0.0/12");
  EXPECT_EQ(service_network_of("34.118.224.1"), "34.118.224.0/19");
  EXPECT_EQ(service_network_of("172.20.7.129"), "172.20.7.128/25");
  EXPECT_EQ(service_network_of("fd00:10:96::1"), "fd00:10:96::/108");
  EXPECT_EQ(service_network_of("kubernetes.default.svc"), "");
  EXPECT_EQ(service_network_of(""), "");
}

TEST(DeniedAddresses, AreOpenedByTheNameOfAHostAtMost) {
  const registry::DeniedAddresses denied{*Networks::parse({"10.244.0.0/16"}),
                                         *Networks::parse({"10.96.0.0/12"})};
  const auto asked = [&](const std::string& server, const std::string& address,
                         const std::vector<std::string>& insecure = {}) {
    return registry::may_connect_to(boost::asio::ip::make_address(address),
                                    *net::parse_server_url("https://" + server),
                                    *InsecureRegistries::parse(insecure), denied);
  };
  EXPECT_TRUE(asked("ghcr.io", "140.82.121.34"));
  EXPECT_FALSE(asked("registry.infra.svc", "10.96.7.7"));
  EXPECT_TRUE(asked("registry.infra.svc", "10.96.7.7", {"registry.infra.svc"}));
  EXPECT_FALSE(asked("10.96.7.7", "10.96.7.7", {"10.0.0.0/8"}));
  EXPECT_TRUE(asked("10.96.7.7", "10.96.7.7", {"10.96.7.7"}));
  EXPECT_FALSE(asked("registry.test", "10.244.1.1", {"registry.test"}));
  EXPECT_FALSE(asked("localhost", "127.0.0.1"));
  EXPECT_TRUE(asked("localhost", "127.0.0.1", {"localhost"}));
}

}  // namespace
