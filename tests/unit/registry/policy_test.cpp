#include "registry/policy.h"

#include <gtest/gtest.h>

namespace {

using registry::InsecureRegistries;
using registry::special_use;

bool names(const std::vector<std::string>& entries, const std::string& url) {
  const auto registries = InsecureRegistries::parse(entries);
  EXPECT_TRUE(registries) << base::to_string(registries.error());
  return registries && registries->name(*net::parse_server_url(url));
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

}  // namespace
