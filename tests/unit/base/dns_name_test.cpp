#include "base/text/dns_name.h"

#include <gtest/gtest.h>

#include <string>

namespace base {
namespace {

TEST(DnsNames, LabelsAndSubdomainsDifferFromOtherText) {
  for (const char* name : {"a", "a-1", "1", "registry"}) {
    EXPECT_TRUE(is_dns_label(name)) << name;
    EXPECT_TRUE(is_dns_subdomain(name)) << name;
  }
  EXPECT_TRUE(is_dns_subdomain("a.b-c.1"));
  EXPECT_FALSE(is_dns_label("a.b"));
  for (const char* name : {"", "-a", "a-", "A", "a_b", "a..b", ".a", "a.", "a b"}) {
    EXPECT_FALSE(is_dns_label(name)) << name;
    EXPECT_FALSE(is_dns_subdomain(name)) << name;
  }
}

TEST(LabelValues, MayHaveUpperCaseUnderscoresAndDotsBetweenTheirEnds) {
  for (const char* value : {"a", "Z", "7", "a-B_c.1", "a..b", "a-.b"}) {
    EXPECT_TRUE(is_label_value(value)) << value;
  }
  for (const char* value : {"", "-a", "a-", "_a", "a.", "a b", "a/b", "ä"}) {
    EXPECT_FALSE(is_label_value(value)) << value;
  }
  EXPECT_TRUE(is_label_value(std::string(63, 'a')));
  EXPECT_FALSE(is_label_value(std::string(64, 'a')));
}

TEST(DnsNames, HaveABoundedLength) {
  const std::string label(63, 'a');
  EXPECT_TRUE(is_dns_label(label));
  EXPECT_FALSE(is_dns_label(label + "a"));
  EXPECT_TRUE(is_dns_subdomain(std::string(253, 'a')));
  EXPECT_FALSE(is_dns_subdomain(std::string(254, 'a')));
  EXPECT_TRUE(is_dns_subdomain(label + "." + label, kDnsLabelBytes));
  EXPECT_FALSE(is_dns_subdomain(label + "a.b", kDnsLabelBytes));
}

}  // namespace
}  // namespace base
