#include "cli/docker/source_image.h"

#include <gmock/gmock.h>

#include "support/temporary_folder.h"
#include "unit/registry/test_image.h"

namespace cli {
namespace {

using testing::HasSubstr;

class SourceImages : public testing::Test {
 protected:
  // Returns a folder with one image of that name.
  std::unique_ptr<registry::ImageSource> named(const std::string& name) {
    test_image::Layout layout;
    layout.name(layout.add_image({"layer"}), test_image::kManifest, name);
    auto source = registry::ImageSource::open(layout.write(folder_, "layout"));
    return source ? *std::move(source) : nullptr;
  }

  support::TemporaryFolder folder_;
};

TEST_F(SourceImages, TheOnlyOneIsMeantWhateverItsName) {
  EXPECT_TRUE(choose_image(*named("example.com/other:1"), "ghcr.io/org/app:dev", Naming::kAny));
}

TEST_F(SourceImages, OneImageIsNotPushedToSeveralRepositories) {
  const auto source = named("ghcr.io/org/backend:dev");
  EXPECT_TRUE(choose_image(*source, "ghcr.io/org/backend:dev", Naming::kReferenceOrTag));
  const auto refused = choose_image(*source, "ghcr.io/org/frontend:dev", Naming::kReferenceOrTag);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("has no image ghcr.io/org/frontend:dev: "));
}

TEST_F(SourceImages, ATagAloneIsNoReference) {
  const auto source = named("dev");
  EXPECT_TRUE(choose_image(*source, "ghcr.io/org/app:dev", Naming::kReferenceOrTag));
  EXPECT_FALSE(choose_image(*source, "ghcr.io/org/app:dev", Naming::kReference));
  EXPECT_THAT(choose_image(*named(""), "a:1", Naming::kReference).error().message,
              HasSubstr("the archive or OCI layout has no image a:1: its images have no names"));
}

}  // namespace
}  // namespace cli
