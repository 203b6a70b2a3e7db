#include "cli/rewriting/image_keys.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(ImageKeys, NameAnImage) {
  for (const char* key : {"image",
                          "Image",
                          "IMAGE",
                          "images",
                          "initImage",
                          "devImage",
                          "imageName",
                          "imageSelector",
                          "imageRepository",
                          "imageURL",
                          "image_name",
                          "init-image",
                          "image.repository",
                          "baseimage",
                          "image2",
                          "imagename",
                          "repository",
                          "newName",
                          "RELATED_IMAGE_SHOP",
                          "IMAGE_1"}) {
    EXPECT_TRUE(names_image(key)) << key;
  }
}

TEST(ImageKeys, OfAnImageMayHoldSomethingElse) {
  for (const char* key :
       {"", "name", "app", "imag", "i-m-a-g-e", "repo", "service", "imagePullSecrets", "imageTag",
        "imagePullPolicy", "imageRegistry", "imageDigest", "IMAGE_TAG", "IMAGE_PULL_SECRET",
        "imageCredentials", "imageFamily", "gitRepository", "GITHUB_REPOSITORY", "imagefs"}) {
    EXPECT_FALSE(names_image(key)) << key;
  }
}

TEST(ImageKeys, HoldPullSecrets) {
  for (const char* key : {"imagePullSecrets", "pullSecret", "IMAGE_PULL_SECRETS", "pullSecrets"}) {
    EXPECT_TRUE(holds_pull_secrets(key)) << key;
  }
  for (const char* key : {"", "secrets", "imagePullPolicy", "image"}) {
    EXPECT_FALSE(holds_pull_secrets(key)) << key;
  }
}

TEST(ImageKeys, HalvesOfOneReferenceHaveOneStem) {
  for (const char* key : {"registry", "imageRegistry", "image_registry", "IMAGE_REGISTRY"}) {
    EXPECT_EQ(reference_part_of(key).part, ReferencePart::kRegistry) << key;
    EXPECT_EQ(reference_part_of(key).stem, "") << key;
  }
  for (const char* key : {"repository", "imageRepository", "imagerepository"}) {
    EXPECT_EQ(reference_part_of(key).part, ReferencePart::kRepository) << key;
    EXPECT_EQ(reference_part_of(key).stem, "") << key;
  }
  EXPECT_EQ(reference_part_of("image").part, ReferencePart::kImage);
  EXPECT_EQ(reference_part_of("initImageRegistry").stem, "init");
  EXPECT_EQ(reference_part_of("initImage").stem, "init");
  EXPECT_EQ(reference_part_of("initRepository").part, ReferencePart::kOtherRepository);
  EXPECT_EQ(reference_part_of("initRepository").stem, "init");
  for (const char* key :
       {"", "name", "newName", "registryUrl", "repo", "key", "GITHUB_REPOSITORY"}) {
    EXPECT_EQ(reference_part_of(key).part, ReferencePart::kNone) << key;
  }
}

TEST(ImageKeys, AParameterMayNameAPartOfAnImage) {
  for (const char* name : {"image.registry", "image.repository", "web.initRepository",
                           "a.b.repository", "controller.imageRepository"}) {
    EXPECT_TRUE(names_part_of_image(name)) << name;
  }
  for (const char* name : {"", ".", "image", "repository", "RELATED_IMAGE_X", "image.tag",
                           "web.image", "registry.url"}) {
    EXPECT_FALSE(names_part_of_image(name)) << name;
  }
}

}  // namespace
}  // namespace cli
