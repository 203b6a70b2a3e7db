#include "cli/names.h"

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

}  // namespace
}  // namespace cli
