#include "api/images/image_rewriter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace {

using api::ImageRewriter;
using api::parse_image_reference;
using api::refusals;
using api::RewriteTarget;
using testing::HasSubstr;
using testing::Optional;

const std::string kDigest = "@sha256:" + std::string(64, '0');

RewriteTarget target(const std::string& image, const std::string& registry = "localhost:31234") {
  return {parse_image_reference(image).value(), registry};
}

ImageRewriter project() {
  return ImageRewriter({target("ghcr.io/org/project/image"), target("alpine"),
                        target("org/app:1.0"), target("under_score.example/image")});
}

TEST(ImageRewriter, ReplacesTheHostAndKeepsTagAndDigest) {
  const ImageRewriter rewriter = project();
  EXPECT_EQ(rewriter.rewrite("ghcr.io/org/project/image"), "localhost:31234/org/project/image");
  EXPECT_EQ(rewriter.rewrite("ghcr.io/org/project/image:dev"),
            "localhost:31234/org/project/image:dev");
  EXPECT_EQ(rewriter.rewrite("ghcr.io/org/project/image" + kDigest),
            "localhost:31234/org/project/image" + kDigest);
  EXPECT_EQ(rewriter.rewrite("ghcr.io/org/project/image:dev" + kDigest),
            "localhost:31234/org/project/image:dev" + kDigest);
}

TEST(ImageRewriter, EverySpellingOfARepositoryMatches) {
  const ImageRewriter rewriter = project();
  for (const char* name : {"alpine", "docker.io/alpine", "library/alpine",
                           "index.docker.io/library/alpine", "docker.io/library/alpine"}) {
    EXPECT_EQ(rewriter.rewrite(std::string(name) + ":3"), "localhost:31234/library/alpine:3")
        << name;
  }
  EXPECT_EQ(rewriter.rewrite("org/app"), "localhost:31234/org/app") << "its tag does not matter";
  EXPECT_EQ(rewriter.rewrite("under_score.example/image:1"),
            "localhost:31234/under_score.example/image:1");
}

TEST(ImageRewriter, NothingElseMatches) {
  const ImageRewriter rewriter = project();
  for (const char* text :
       {"", "ghcr.io/org/project/image2", "ghcr.io/org/project/imag", "ghcr.io/org/project",
        "ghcr.io/org/project/image/more", "GHCR.io/org/project/image",
        "ghcr.io:443/org/project/image", "org/project/image", "ghcr.io/org/project/Image",
        " alpine", "alpine ", "alpine\n", "alpine:", "alpine:3:4", "busybox",
        "oci://ghcr.io/org/project/image", "image: alpine", "localhost:31234/library/alpine:3",
        "localhost:31234/org/app"}) {
    EXPECT_EQ(rewriter.rewrite(text), std::nullopt) << text;
  }
}

TEST(ImageRewriter, WhatIsAtOneOfTheRegistriesStaysThere) {
  const ImageRewriter rewriter({target("a.example/app", "localhost:31234"),
                                target("localhost:31234/app", "localhost:31235"),
                                target("a.example/app", "localhost:31236")});
  EXPECT_EQ(rewriter.rewrite("a.example/app"), "localhost:31234/app") << "the first counts";
  EXPECT_EQ(rewriter.rewrite("localhost:31234/app"), std::nullopt);
}

TEST(ImageRewriter, ARegistryThatIsNoHostNeverMatches) {
  for (const char* registry : {"", "registry", "a/b", "ho_st.example", "docker.io/", "host:port"}) {
    EXPECT_EQ(ImageRewriter({target("alpine", registry)}).rewrite("alpine"), std::nullopt)
        << registry;
  }
  EXPECT_EQ(ImageRewriter({target("alpine", "[::1]:5000")}).rewrite("alpine"),
            "[::1]:5000/library/alpine");
  EXPECT_EQ(ImageRewriter({}).rewrite("alpine"), std::nullopt);
}

// Returns a random reference made of few words, so that references often match declared images.
std::string some_reference(std::mt19937_64& random) {
  const auto pick = [&](auto... words) {
    const std::array<std::string, sizeof...(words)> all = {words...};
    return all[random() % all.size()];
  };
  std::string text = pick("", "", "docker.io/", "ghcr.io/", "localhost:31234/", "localhost:31235/",
                          "library/", "index.docker.io/", "a.example:5000/", "A/", "b_c.d/");
  text += pick("app", "org/app", "library/app", "org/project/app", "alpine", "App", "");
  text += pick("", "", "", ":1", ":dev-1_2.3", ":");
  return text + pick("", "", "", kDigest, std::string("@sha256:00"));
}

TEST(ImageRewriter, RewritesWhatMatchesAndOnlyOnceAndKeepsTheRest) {
  std::mt19937_64 random(7);
  int rewritten = 0;
  for (int round = 0; round < 4'000; ++round) {
    std::vector<RewriteTarget> targets;
    for (std::uint64_t count = random() % 5; count > 0; --count) {
      const auto parsed = parse_image_reference(some_reference(random));
      const std::string registry = random() % 2 == 0 ? "localhost:31234" : "localhost:31235";
      if (parsed) targets.push_back({*parsed, registry});
    }
    const ImageRewriter rewriter(targets);
    for (int i = 0; i < 20; ++i) {
      const std::string text = some_reference(random);
      const auto before = parse_image_reference(text);
      const auto found = std::find_if(targets.begin(), targets.end(), [&](const auto& candidate) {
        return before && repository(candidate.repository) == repository(*before);
      });
      const bool there = before && std::any_of(targets.begin(), targets.end(), [&](const auto& t) {
                           return t.registry == before->domain;
                         });
      const auto result = rewriter.rewrite(text);
      ASSERT_EQ(result.has_value(), found != targets.end() && !there) << text;
      if (!result) continue;
      ++rewritten;
      const auto after = parse_image_reference(*result);
      ASSERT_TRUE(after) << *result;
      ASSERT_EQ(after->domain, found->registry) << text;
      ASSERT_EQ(after->tag, before->tag) << text;
      ASSERT_EQ(after->digest, before->digest) << text;
      ASSERT_EQ(after->path, before->domain.empty() ? repository(*before) : before->path) << text;
      ASSERT_EQ(rewriter.rewrite(*result), std::nullopt) << *result;
    }
  }
  EXPECT_GT(rewritten, 1'000);
}

TEST(Refusals, ImagesThatCanBeUsedAreNotRefused) {
  for (const auto& refusal : refusals({{"a", "alpine"},
                                       {"b", "ghcr.io/org/app"},
                                       {"c", "localhost:5000/app"},
                                       {"again", "docker.io/library/alpine"}})) {
    EXPECT_EQ(refusal, std::nullopt);
  }
}

TEST(Refusals, WhatIsNoRepositoryIsRefused) {
  const auto result = refusals({{"a", "Org/App/x y"},
                                {"b", "org/app:1"},
                                {"c", "org/app" + kDigest},
                                {"d", "under_score.example/app"},
                                {"e", ""}});
  EXPECT_THAT(result[0], Optional(HasSubstr("lower case")));
  EXPECT_EQ(result[1], "image must be a repository without tag: write docker.io/org/app");
  EXPECT_EQ(result[2], "image must be a repository without digest: write docker.io/org/app");
  EXPECT_THAT(result[3], Optional(HasSubstr("not a valid host")));
  EXPECT_THAT(result[4], Optional(HasSubstr("empty")));
}

TEST(Refusals, TheSecondOfTwoWithOnePathAtDifferentHostsIsRefused) {
  const auto result = refusals({{"tagged", "c.example/org/app:1"},
                                {"first", "a.example/org/app"},
                                {"second", "b.example/org/app"},
                                {"same", "a.example/org/app"},
                                {"other", "b.example/org/other"}});
  EXPECT_TRUE(result[0]);
  EXPECT_EQ(result[1], std::nullopt) << "one that is refused is in nobody's way";
  EXPECT_EQ(result[2],
            "image has the path org/app at b.example, and image first has the same path at "
            "a.example: the local registry can hold only one of them, so remove or rename one");
  EXPECT_EQ(result[3], std::nullopt);
  EXPECT_EQ(result[4], std::nullopt);
}

}  // namespace
