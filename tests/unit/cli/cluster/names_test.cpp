#include "cli/cluster/names.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(Names, LabelsAndSubdomainsAreToldFromOtherText) {
  for (const char* name : {"a", "a-1", "1", "registry"}) {
    EXPECT_TRUE(is_dns_label(name)) << name;
    EXPECT_TRUE(is_dns_subdomain(name)) << name;
  }
  EXPECT_TRUE(is_dns_subdomain("a.b-c.1"));
  EXPECT_FALSE(is_dns_label("a.b"));
  EXPECT_TRUE(is_dns_label(std::string(63, 'a')));
  EXPECT_FALSE(is_dns_label(std::string(64, 'a')));
  for (const char* name : {"", "-a", "a-", "A", "a_b", "a..b", ".a", "a.", "a b"}) {
    EXPECT_FALSE(is_dns_label(name)) << name;
    EXPECT_FALSE(is_dns_subdomain(name)) << name;
  }
}

TEST(Names, AResourceMayBeNamedWithItsType) {
  for (const char* name :
       {"dev", "lreg/dev", "localregistry/dev", "localregistries/dev",
        "localregistry.localregistry.dev/dev", "localregistries.localregistry.dev/dev"}) {
    EXPECT_EQ(resource_name(name), "dev");
  }
  EXPECT_EQ(resource_name("pod/dev"), "pod/dev");
}

TEST(Names, AnAddressIsAHostAndAPort) {
  for (const char* good :
       {"localhost:31234", "registry.team-a.svc:5000", "10.0.0.1:1", "a:65535"}) {
    EXPECT_TRUE(is_host_port(good)) << good;
  }
  for (const char* bad :
       {"", ":1", "localhost", "localhost:", "localhost:0", "localhost:65536", "localhost:080",
        "a:1/x", "a:1 ", "$(id):1", "a;b:1", "a\n:1", "A:1", "a:-1", "a:+1", "user@a:1", "a:1:2"}) {
    EXPECT_FALSE(is_host_port(bad)) << bad;
  }
}

}  // namespace
}  // namespace cli
