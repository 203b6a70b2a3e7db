#include "cli/cluster/names.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(Names, AResourceMayBeNamedWithItsType) {
  for (const char* name :
       {"dev", "lreg/dev", "localregistry/dev", "localregistries/dev",
        "localregistry.localregistry.dev/dev", "localregistries.localregistry.dev/dev"}) {
    EXPECT_EQ(resource_name(name), "dev");
  }
  EXPECT_EQ(resource_name("pod/dev"), "pod/dev");
}

TEST(Names, AnInvalidReferenceIsQuotedInTheMessage) {
  const auto reference = parse_reference("Not An Image");
  ASSERT_FALSE(reference);
  EXPECT_EQ(reference.error().code, ExitCode::kUsage);
  EXPECT_TRUE(reference.error().message.starts_with("'Not An Image' is not an image reference: "));
  EXPECT_EQ(parse_reference("alpine")->domain, "docker.io");
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
