#include "api/images/image_reference.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/limits.h"

namespace {

using api::ImageReference;
using api::parse_image_reference;

const std::string kSha256 = "sha256:" + std::string(64, 'a');

// Returns the canonical form of a reference, or the error.
std::string canonical(const std::string& text) {
  const auto parsed = parse_image_reference(text);
  return parsed ? to_string(*parsed) : to_string(parsed.error());
}

bool refused(const std::string& text) {
  const auto parsed = parse_image_reference(text);
  return !parsed && parsed.error().code == base::ErrorCode::kInvalid;
}

TEST(ImageReference, TheFirstPartIsAHostUnlessItMayBeAnOrganizationOnDockerHub) {
  for (const char* text : {"ghcr.io/a", "localhost/a", "host:5000/", "Host/a"}) {
    EXPECT_TRUE(api::has_host(text)) << text;
  }
  for (const char* text : {"", "alpine", "ghcr.io", "alpine:3.19", "org/image", "localhost"}) {
    EXPECT_FALSE(api::has_host(text)) << text;
  }
}

TEST(ImageReference, ShortNamesAreOnDockerHub) {
  EXPECT_EQ(canonical("alpine"), "docker.io/library/alpine");
  EXPECT_EQ(canonical("alpine:3.19"), "docker.io/library/alpine:3.19");
  EXPECT_EQ(canonical("org/image"), "docker.io/org/image");
  EXPECT_EQ(canonical("docker.io/alpine"), "docker.io/library/alpine");
  EXPECT_EQ(canonical("index.docker.io/alpine"), "docker.io/library/alpine");
  EXPECT_EQ(canonical("index.docker.io/org/alpine"), "docker.io/org/alpine");
  EXPECT_EQ(canonical("docker.io/library/alpine"), "docker.io/library/alpine");
  EXPECT_EQ(canonical("a/b/c"), "docker.io/a/b/c");
  EXPECT_EQ(canonical("localhost"), "docker.io/library/localhost");
  EXPECT_EQ(canonical("localhost:5000"), "docker.io/library/localhost:5000");
  EXPECT_EQ(canonical("example.com"), "docker.io/library/example.com");
}

TEST(ImageReference, AFirstSegmentThatLooksLikeAHostIsTheDomain) {
  for (const char* text :
       {"ghcr.io/org/project/image", "localhost/image", "localhost:5000/image", "host:5000/image",
        "127.0.0.1:5000/a", "[::1]/a", "[fe80::ABCD]:5000/a/b", "Upper/image", "uPPer.case/image",
        "docker.io:443/alpine", "Docker.io/alpine", "a--b.c/image", "host:00000000000000001/image",
        "[:]/a"}) {
    const auto parsed = parse_image_reference(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(to_string(*parsed), text);
    EXPECT_EQ(parsed->domain + "/" + parsed->path, text);
  }
}

TEST(ImageReference, AHostWithAnUnderscoreIsAPathWithoutADomain) {
  const auto parsed = parse_image_reference("under_score.example/image:1");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, (ImageReference{"", "under_score.example/image", "1", ""}));
  EXPECT_EQ(repository(*parsed), "under_score.example/image");
  EXPECT_EQ(to_string(*parsed), "under_score.example/image:1");
}

TEST(ImageReference, ItsPartsAreDistinguished) {
  const auto parsed = parse_image_reference("host.example:5000/org/image:v1.2-a_b@" + kSha256);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, (ImageReference{"host.example:5000", "org/image", "v1.2-a_b", kSha256}));
  EXPECT_EQ(repository(*parsed), "host.example:5000/org/image");
  EXPECT_EQ(canonical("alpine@" + kSha256), "docker.io/library/alpine@" + kSha256);
}

TEST(ImageReference, TheCanonicalFormIsReadAsTheSame) {
  for (const char* text : {"alpine", "org/image:1", "localhost/a:b", "x_y.z/a", "[::1]:5/a"}) {
    const auto once = parse_image_reference(text);
    ASSERT_TRUE(once);
    const auto twice = parse_image_reference(to_string(*once));
    ASSERT_TRUE(twice);
    EXPECT_EQ(*once, *twice);
  }
}

TEST(ImageReference, NamesAreJoinedByOneSeparator) {
  for (const char* text : {"a.b", "a_b", "a__b", "a-b", "a---b", "a-b.c_d/e__f"}) {
    EXPECT_FALSE(refused(text)) << text;
  }
  for (const char* text :
       {"a..b", "a___b", "a.-b", "a-_b", "a._b", ".a", "a.",  "-a",  "a-", "_a",
        "a_",   "a/.b",  "a/b-", "a//b", "/a",   "a/", "a b", "a\n", "ä",  "a\xff"}) {
    EXPECT_TRUE(refused(text)) << text;
  }
}

TEST(ImageReference, WhatIsNoReferenceIsRefused) {
  for (const char* text : {"",
                           " ",
                           ":",
                           "@",
                           "/",
                           ":tag",
                           "@sha256:",
                           "alpine:",
                           "alpine@",
                           "alpine::3",
                           "alpine:3:4",
                           "Alpine",
                           "org/Alpine",
                           "host.example/",
                           "host:port/image",
                           "host:/image",
                           "host:1a/image",
                           "-host.example/image",
                           "host-.example/image",
                           "host..example/image",
                           "host.example./image",
                           ".example/image",
                           "[::1/image",
                           "::1/image",
                           "[]/image",
                           "[::g]/image",
                           "[::1]5000/image",
                           "[::1]:/image",
                           "[fe80::1%eth0]/image",
                           "https://host.example/image",
                           "a:b/c",
                           "image:tag/more",
                           "host.example/image:a/b",
                           "image:.a",
                           "image:-a",
                           "image:a+b",
                           "ho_st:5000/image",
                           "Under_score/image"}) {
    EXPECT_TRUE(refused(text)) << text;
  }
}

TEST(ImageReference, SixtyFourHexadecimalDigitsAreNoName) {
  const std::string identifier(64, 'f');
  EXPECT_TRUE(refused(identifier));
  EXPECT_FALSE(refused(identifier + "a"));
  EXPECT_FALSE(refused(identifier.substr(1)));
  EXPECT_FALSE(refused(identifier.substr(1) + "g"));
  EXPECT_FALSE(refused(identifier + ":tag"));
  EXPECT_FALSE(refused("org/" + identifier));
}

TEST(ImageReference, LengthsAreBounded) {
  EXPECT_FALSE(refused("host.example/" + std::string(255, 'a')));
  EXPECT_TRUE(refused("host.example/" + std::string(256, 'a')));
  EXPECT_FALSE(refused(std::string(247, 'a')));
  EXPECT_TRUE(refused(std::string(248, 'a'))) << "library/ counts";
  EXPECT_FALSE(refused("a:" + std::string(128, 'T')));
  EXPECT_TRUE(refused("a:" + std::string(129, 'T')));
  EXPECT_FALSE(refused(std::string(1000, 'h') + ".example/a"));
  EXPECT_FALSE(refused(std::string(limits::kImageReferenceBytes - 4, 'h') + ".x/a"));
  EXPECT_TRUE(refused(std::string(limits::kImageReferenceBytes - 3, 'h') + ".x/a"));
}

TEST(ImageReference, DigestsHaveTheLengthOfTheirAlgorithm) {
  const auto digits = [](std::size_t count) { return std::string(count, '7'); };
  EXPECT_FALSE(refused("a@sha256:" + digits(64)));
  EXPECT_FALSE(refused("a@sha384:" + digits(96)));
  EXPECT_FALSE(refused("a@sha512:" + digits(128)));
  EXPECT_TRUE(refused("a@sha256:" + digits(63)));
  EXPECT_TRUE(refused("a@sha256:" + digits(65)));
  EXPECT_TRUE(refused("a@sha256:" + digits(128)));
  EXPECT_TRUE(refused("a@sha512:" + digits(64)));
  EXPECT_TRUE(refused("a@sha256:" + std::string(64, 'A')));
  EXPECT_TRUE(refused("a@sha256:" + digits(63) + "g"));
  EXPECT_TRUE(refused("a@SHA256:" + digits(64)));
  EXPECT_TRUE(refused("a:t@SHA256:" + digits(64)));
  EXPECT_TRUE(refused("a@md5:" + digits(32)));
  EXPECT_TRUE(refused("a@sha256+b64:" + digits(64)));
  EXPECT_TRUE(refused("a@" + kSha256 + ":tag"));
  EXPECT_TRUE(refused("a@" + kSha256 + "@" + kSha256));
}

TEST(ImageReference, TheRefusalSaysWhyAndQuotesNothing) {
  EXPECT_EQ(canonical("org/Image"), "Invalid: a repository name must be lower case");
  EXPECT_EQ(canonical(""), "Invalid: the image reference is empty");
  EXPECT_EQ(canonical("host.example/"), "Invalid: the image reference has no repository name");
  EXPECT_EQ(canonical("a@md5:00"), "Invalid: a digest must begin with sha256:, sha384: or sha512:");
  EXPECT_EQ(canonical("s3cret/Name").find("s3cret"), std::string::npos);
}

TEST(ImageReference, LongTextsTakeLittleTime) {
  const auto start = std::chrono::steady_clock::now();
  for (const char* part : {"a", "a/", "a.", "-", "a__", ":", "@", "[", "A"}) {
    std::string text;
    while (text.size() < 1'000'000) text += part;
    refused(text);
    text.resize(limits::kImageReferenceBytes);
    refused(text);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
