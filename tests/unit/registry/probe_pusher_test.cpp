#include "registry/probe/probe_pusher.h"

#include <gmock/gmock.h>

#include "registry/upload/manifest.h"
#include "support/coroutine_test.h"
#include "unit/registry/upload_registry.h"

namespace registry {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using upload_registry::Behaviour;
using upload_registry::UploadRegistry;

const std::string kRoundName = "7f3a9c0b1d2e4f60";
const std::string kRepository = "org/app";

class ProbePusherTest : public support::CoroutineTest {
 protected:
  base::Result<std::string> push(const UploadRegistry& registry) {
    return run(pusher_.push(registry.authority(), kRepository, kRoundName));
  }

  base::SystemClock clock_;
  base::Random random_{1};
  ProbePusher pusher_{io_.get_executor(), clock_, random_};
};

TEST_F(ProbePusherTest, TheImageHasTheRoundAsItsTag) {
  UploadRegistry registry;
  const auto digest = push(registry);
  ASSERT_TRUE(digest) << base::to_string(digest.error());
  const std::string index = registry.manifest(kRoundName);
  EXPECT_THAT(index, StartsWith(std::string(kOciIndexType) + " "));
  EXPECT_EQ(*digest, crypto::sha256(index.substr(kOciIndexType.size() + 1)));
  EXPECT_EQ(registry.uploads(), 0U);
}

TEST_F(ProbePusherTest, ARegistryCannotDirectThePushToAnotherServer) {
  UploadRegistry other;
  Behaviour behaviour;
  behaviour.location_host = other.authority();
  UploadRegistry registry(behaviour);
  const auto digest = push(registry);
  ASSERT_FALSE(digest);
  EXPECT_THAT(digest.error().message, HasSubstr("refers to " + other.authority()));
  EXPECT_THAT(other.log(), IsEmpty());
}

TEST_F(ProbePusherTest, AnImageIsRemovedOnceAndAgainWithoutAnError) {
  UploadRegistry registry;
  ASSERT_TRUE(push(registry));
  for (int i = 0; i < 2; ++i) {
    const auto removed = run(pusher_.remove(registry.authority(), kRepository, kRoundName));
    EXPECT_TRUE(removed) << base::to_string(removed.error());
  }
  EXPECT_EQ(registry.manifest(kRoundName), "nothing");
}

TEST_F(ProbePusherTest, ARegistryThatIsAwayIsAnError) {
  const auto removed = run(pusher_.remove("127.0.0.1:1", kRepository, kRoundName));
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, base::ErrorCode::kNetwork);
}

}  // namespace
}  // namespace registry
