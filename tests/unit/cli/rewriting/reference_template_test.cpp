#include "cli/rewriting/reference_template.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace cli {
namespace {

std::string literal(const std::string& value) {
  const auto parsed = parse_template(value);
  if (!parsed) return "no template";
  return parsed->pattern.empty() ? value.substr(0, parsed->repository) : "";
}

std::string pattern(const std::string& value) {
  const auto parsed = parse_template(value);
  return parsed ? parsed->pattern : "no template";
}

TEST(ReferenceTemplate, MayHaveALiteralRepository) {
  EXPECT_EQ(literal("ghcr.io/org/app:${TAG:-dev}"), "ghcr.io/org/app");
  EXPECT_EQ(literal("org/app:v${A}.{{ .b }}@$DIGEST"), "org/app");
  EXPECT_EQ(literal("localhost:5000/app:$(cat tag)"), "localhost:5000/app");
  EXPECT_EQ(literal("app@{{ .digest | default \"x:y/z\" }}"), "app");
  EXPECT_EQ(literal("app:${A:-${B}}"), "app");
}

TEST(ReferenceTemplate, IsAPatternOtherwise) {
  EXPECT_EQ(pattern("${R}/app:1"), "*/app");
  EXPECT_EQ(pattern("localhost:${PORT}/app:1"), "localhost:*/app");
  EXPECT_EQ(pattern("$IMAGE"), "*");
  EXPECT_EQ(parse_template("${A}/b:${C}")->repository, 6U);
  EXPECT_EQ(parse_template("${A}/b")->repository, 6U);
  EXPECT_EQ(pattern("{{ .a }}/{{ .b }}:{{ .c }}"), "*/*");
  EXPECT_EQ(pattern("app-$!{X}"), "app-*");
  EXPECT_EQ(pattern("a:${B}/c"), "a:*/c");
}

TEST(ReferenceTemplate, IsNoOtherText) {
  for (const char* value : {"", "app:1", "a ${B}", "echo $X/y", "${A", "{{ x }", "$", "$$", "a:$ ",
                            "${A}\n", "$(x", ":${TAG}", "'${A}'"}) {
    EXPECT_FALSE(parse_template(value)) << value;
  }
  EXPECT_FALSE(parse_template("$A" + std::string(limits::kImageReferenceBytes, 'a')));
}

TEST(ReferenceTemplate, MayBeARepository) {
  for (const char* one : {"*", "*/app", "ghcr.io/*", "ghcr.io/*/app", "*gh*io*app",
                          "ghcr.io/o/app*", "ghcr.io/o/app"}) {
    EXPECT_TRUE(matches_pattern(one, "ghcr.io/o/app")) << one;
  }
  for (const char* one : {"", "*/ap", "quay.io/*", "ghcr.io/*/o/app", "app", "*x*"}) {
    EXPECT_FALSE(matches_pattern(one, "ghcr.io/o/app")) << one;
  }
}

}  // namespace
}  // namespace cli
