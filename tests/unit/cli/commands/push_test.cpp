#include "cli/commands/push.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <sstream>

#include "support/temporary_folder.h"
#include "unit/registry/test_image.h"

namespace cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

PushTarget app() {
  return {"ghcr.io/org/app:dev", api::Delivery::kLocalRegistry, "org/app", "dev",
          "localhost:31234/org/app:dev"};
}

PushTarget loaded() {
  return {"ghcr.io/org/app:dev", api::Delivery::kKindLoad, "org/app", "dev", "ghcr.io/org/app:dev"};
}

TEST(Push, TheReferencesInTheClusterArePrinted) {
  EXPECT_EQ(print({{app(), "sha256:a", 10, 2, 1}, {.target = loaded()}}, Output::kPeople),
            "localhost:31234/org/app:dev\nghcr.io/org/app:dev\n");
  EXPECT_EQ(print({{.target = loaded()}}, Output::kName), "ghcr.io/org/app:dev\n");
  EXPECT_EQ(print({{.target = loaded()}}, Output::kYaml),
            "- image: ghcr.io/org/app:dev\n  delivery: KindLoad\n"
            "  reference: ghcr.io/org/app:dev\n");
}

TEST(Push, ToolsGetWhatWasSent) {
  EXPECT_EQ(print({{app(), "sha256:a", 10, 2, 1}, {.target = loaded()}}, Output::kJson), R"([
    {
        "image": "ghcr.io/org/app:dev",
        "delivery": "LocalRegistry",
        "reference": "localhost:31234/org/app:dev",
        "digest": "sha256:a",
        "blobs": 2,
        "presentBlobs": 1,
        "sentBytes": 10
    },
    {
        "image": "ghcr.io/org/app:dev",
        "delivery": "KindLoad",
        "reference": "ghcr.io/org/app:dev"
    }
]
)");
}

TEST(Push, KindIsToldWhatToLoadIntoWhichCluster) {
  EXPECT_THAT(kind_arguments({}, loaded(), "test"),
              ElementsAre("kind", "load", "docker-image", "ghcr.io/org/app:dev", "--name", "test"));
  PushCommand command;
  command.archive = "image.tar";
  EXPECT_THAT(kind_arguments(command, loaded(), "test"),
              ElementsAre("kind", "load", "image-archive", "image.tar", "--name", "test"));
}

TEST(Push, AnArchiveWithoutTheImageIsNotLoadedIntoKind) {
  const support::TemporaryFolder folder;
  folder.script("kind", "echo \"$@\" >>" + folder.path("ran"));
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (folder.path("") + ":" + path).c_str(), 1);
  const auto archive_of = [&](const std::string& name) {
    test_image::Layout layout;
    layout.name(layout.add_image({"layer"}), test_image::kManifest, name);
    PushCommand command;
    command.archive = folder.write("image.tar", test_image::tar(layout.files()));
    return command;
  };
  const std::vector<PushedImage> images = {{.target = loaded()}};
  const auto refused = load_into_kind("kind-test", archive_of("ghcr.io/org/other:v1"), images);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::kNotFound);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("image.tar: the archive or OCI layout has no image "
                              "ghcr.io/org/app:dev: its images are "),
                    HasSubstr("ghcr.io/org/other:v1")));
  EXPECT_EQ(folder.read("ran"), "");
  EXPECT_TRUE(load_into_kind("kind-test", archive_of("ghcr.io/org/app:dev"), images));
  EXPECT_EQ(folder.read("ran"),
            "load image-archive " + folder.path("image.tar") + " --name test\n");
  ::setenv("PATH", path.c_str(), 1);
}

TEST(Push, AFolderCannotBeLoadedIntoKind) {
  PushCommand command;
  command.layout = "folder";
  EXPECT_EQ(load_into_kind("kind-test", command, {{.target = loaded()}}).error().code,
            ExitCode::kUsage);
  EXPECT_TRUE(load_into_kind("none", command, {{.target = app()}}));
}

}  // namespace
}  // namespace cli
