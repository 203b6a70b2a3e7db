#include "cli/devspace/import.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "unit/cli/devspace/imported.h"

namespace cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// Each folder of tests/unit/cli/devspace/import has a devspace.yaml and the expected result of its
// import.
TEST(Import, GoldenCases) {
  const fs::path folder = fs::path(SOURCE_DIR) / "tests/unit/cli/devspace/import";
  int cases = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path path = entry.path();
    const auto imported = import(read(path / "devspace.yaml"));
    ASSERT_TRUE(imported) << path << imported.error().message;
    EXPECT_EQ(yaml_of(*imported), read(path / "resource.yaml")) << path;
    EXPECT_EQ(lines(imported->notes), read(path / "notes")) << path;
    ++cases;
  }
  EXPECT_GE(cases, 6);
}

TEST(Import, AWrongTypeIsToldWithLineAndColumn) {
  EXPECT_EQ(failure("name: a\nlocalRegistry:\n  port: \"5000\"\n"),
            "devspace.yaml:3:3: localRegistry.port: expected an integer, found a string");
  EXPECT_EQ(failure("localRegistry:\n  enabled: maybe\n"),
            "devspace.yaml:2:3: localRegistry.enabled: expected true or false, found a string");
  EXPECT_EQ(failure("images:\n  a:\n    image: x\n    tags: v1\n"),
            "devspace.yaml:4:5: images[a].tags: expected a list, found a string");
  EXPECT_EQ(failure("images:\n  a:\n    image: x\n    tags:\n    - v1\n    - [a]\n"),
            "devspace.yaml:6:7: images[a].tags[1]: expected a string, found a list");
  EXPECT_EQ(failure("vars: [a]\n"), "devspace.yaml:1:1: vars: expected an object, found a list");
  EXPECT_EQ(failure("images:\n- image: x\n"),
            "devspace.yaml:1:1: images: expected an object, found a list");
  EXPECT_EQ(failure("images:\n  a:\n"),
            "devspace.yaml:2:3: images[a]: expected an object, found null");
}

TEST(Import, AWrongValueIsToldWithLineAndColumn) {
  EXPECT_THAT(failure("localRegistry: {port: 0}\n"),
              StartsWith("devspace.yaml:1:17: localRegistry.port: 0 is not between"));
  EXPECT_THAT(failure("localRegistry:\n  name: Registry\n"), StartsWith("devspace.yaml:2:3: "));
  EXPECT_THAT(failure("localRegistry:\n  namespace: a.b\n"), HasSubstr("localRegistry.namespace"));
  EXPECT_THAT(failure("localRegistry: {persistence: {size: big}}\n"), HasSubstr("not a quantity"));
  EXPECT_THAT(failure("images:\n  a:\n    image: upper/Case\n"),
              StartsWith("devspace.yaml:3:5: images.a.image: "));
  EXPECT_THAT(failure("images: {a: {image: \"x@sha256:" + std::string(64, 'a') + "\"}}\n"),
              HasSubstr("has a digest"));
  EXPECT_THAT(failure("images: {a: {image: x, tags: [\"a b\"]}}\n"), HasSubstr("is not a tag"));
  EXPECT_THAT(failure("images: {a: {tags: [x]}}\n"), HasSubstr("the field image is missing"));
}

TEST(Import, WhatTheCrdRefusesIsAFailure) {
  const std::string long_name(53, 'a');
  for (const auto& [yaml, message] : std::vector<std::pair<std::string, std::string>>{
           {"localRegistry: {name: 5reg}\n", "begin with a letter"},
           {"localRegistry: {name: 5}\n", "\"5\" is not a Kubernetes Service name"},
           {"localRegistry: {name: " + long_name + ", persistence: {enabled: true}}\n",
            "longer than 52 characters"},
           {"localRegistry: {image: Registry}\n", "localRegistry.image: "},
           {"localRegistry: {buildKitImage: 'a b'}\n", "localRegistry.buildKitImage: "},
           {"localRegistry: {persistence: {size: 0}}\n", "\"0\" is not greater than zero"},
           {"localRegistry: {persistence: {size: -1Gi}}\n", "\"-1Gi\" is not greater than zero"},
           {"localRegistry: {persistence: {storageClassName: Fast}}\n",
            "\"Fast\" is not a Kubernetes name"},
           {"images: {a: {image: '" + std::string(300, 'h') + ".test/" + std::string(220, 'p') +
                "'}}\n",
            "longer than 512 characters"}}) {
    EXPECT_THAT(failure(yaml), HasSubstr(message)) << yaml;
  }
  ImportOptions options;
  options.name = "Mine";
  EXPECT_EQ(import("a: 1\n", options).error().code, ExitCode::kUsage);
}

TEST(Import, AnotherVersionIsNamedBeforeItsOtherForms) {
  EXPECT_EQ(failure("name: a\nversion: v1beta11\nvars:\n- name: A\n  value: b\nimages: [x]\n"),
            "devspace.yaml:2:1: version: v1beta11 is not v2beta1: import the output of `devspace "
            "print` instead");
  EXPECT_THAT(failure("images: []\nversion: 2.0\n"), HasSubstr(":2:1: version: 2.0 is not"));
  EXPECT_THAT(failure("version: {}\n"), HasSubstr("version: a value of another type is not"));
}

TEST(Import, TooManyTagsAndImagesAndOtherNamesAreLeftOut) {
  std::string yaml = "images:\n  9-_.a: {image: x, tags: [t]}\n  -a: {image: x}\n";
  yaml += "  'a b': {image: x}\n  '" + std::string(64, 'a') + "': {image: x}\n";
  std::string tags;
  for (int i = 0; i < 18; ++i) tags += (i > 0 ? ", v" : "v") + std::to_string(i);
  yaml += "  many: {image: x, tags: [" + tags + "]}\n";
  for (int i = 0; i < 64; ++i) yaml += "  z" + std::to_string(i) + ": {image: x}\n";
  const auto imported = import(yaml);
  ASSERT_TRUE(imported);
  EXPECT_THAT(imported->manifest, HasSubstr(R"("name":"9-_.a")"));
  EXPECT_THAT(imported->manifest, HasSubstr(R"("v15"])"));
  const std::string notes = lines(imported->notes);
  EXPECT_EQ(std::count(notes.begin(), notes.end(), '\n'), 7) << notes;
  EXPECT_THAT(notes,
              HasSubstr("images.many.tags[16]: left out, because an image of a LocalRegistry"));
  EXPECT_THAT(notes, HasSubstr("left out, because \"a b\" cannot name an image"));
  EXPECT_THAT(notes, HasSubstr("left out, because a LocalRegistry has at most 64 images"));
}

TEST(Import, ABooleanMayBeAnyWordThatDevSpaceReads) {
  const auto imported = import("localRegistry: {enabled: yes, localbuild: Off}\n");
  ASSERT_TRUE(imported);
  EXPECT_THAT(imported->manifest, HasSubstr(R"("enabled":true,"localbuild":false)"));
}

TEST(Import, OnlyTheTagOfAnImageMayBeUnknown) {
  const auto imported = import(
      "images: {a: {image: \"ghcr.io/o/a:${DEVSPACE_RANDOM}\"}, b: {image: \"${X}/b:1\"}}\n");
  ASSERT_TRUE(imported);
  EXPECT_THAT(imported->manifest, HasSubstr(R"([{"name":"a","image":"ghcr.io/o/a"}])"));
  EXPECT_THAT(lines(imported->notes),
              HasSubstr("images.a.image: its tag is left out, because only"));
  EXPECT_THAT(lines(imported->notes),
              HasSubstr("images.b.image: left out, because the value of ${X}"));
}

TEST(Import, WhatIsNoYamlIsToldWithLineAndColumn) {
  EXPECT_THAT(failure("images: [a\n"), StartsWith("devspace.yaml: YAML at line 2, column 1"));
  EXPECT_THAT(failure("a: 1\na: 2\n"), HasSubstr("line 2, column 1: duplicate key a"));
  EXPECT_THAT(failure("[1]\n"), HasSubstr("expected a map"));
  EXPECT_THAT(failure(""), HasSubstr("expected a map"));
  EXPECT_THAT(failure("a: 1\n---\nb: 2\n"), HasSubstr("more than one document"));
}

TEST(Import, NameAndNamespaceCanBeGiven) {
  ImportOptions options;
  options.name = "mine";
  options.namespace_name = "team-a";
  const auto imported = import("name: project\nlocalRegistry: {namespace: team-a}\n", options);
  ASSERT_TRUE(imported);
  EXPECT_THAT(imported->manifest, HasSubstr(R"("metadata":{"name":"mine","namespace":"team-a"})"));
  EXPECT_EQ(lines(imported->notes), "");
}

}  // namespace
}  // namespace cli
