#include "cli/import.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/output.h"
#include "json/value.h"

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

std::string yaml_of(const Imported& imported) {
  return print_object(json::Document::parse(imported.manifest)->root(), Output::kYaml);
}

std::string lines(const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& note : notes) text += note + "\n";
  return text;
}

Outcome<Imported> import(const std::string& yaml, ImportOptions options = {}) {
  return import_devspace(yaml, options);
}

std::string failure(const std::string& yaml, ImportOptions options = {}) {
  const auto imported = import(yaml, std::move(options));
  if (imported) return "accepted";
  EXPECT_EQ(imported.error().code, ExitCode::kFailure);
  return imported.error().message;
}

// Each folder of tests/unit/cli/import: devspace.yaml, and what becomes of it.
TEST(Import, GoldenCases) {
  const fs::path folder = fs::path(SOURCE_DIR) / "tests/unit/cli/import";
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
            "devspace.yaml:3:3: localRegistry.port: expected a 32-bit integer, found a string");
  EXPECT_EQ(failure("localRegistry:\n  enabled: maybe\n"),
            "devspace.yaml:2:3: localRegistry.enabled: expected true or false, found a string");
  EXPECT_EQ(failure("images:\n  a:\n    image: x\n    tags: v1\n"),
            "devspace.yaml:4:5: images[a].tags: expected a list, found a string");
  EXPECT_EQ(failure("images:\n  a:\n    image: x\n    tags:\n    - v1\n    - 1.0\n"),
            "devspace.yaml:6:7: images[a].tags[1]: expected a string, found a number");
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
  EXPECT_THAT(failure("localRegistry: {persistence: {size: big}}\n"), HasSubstr("no quantity"));
  EXPECT_THAT(failure("images:\n  a:\n    image: upper/Case\n"),
              StartsWith("devspace.yaml:3:5: images.a.image: "));
  EXPECT_THAT(failure("images: {a: {image: \"x:v1\"}}\n"), HasSubstr("tags into tags"));
  EXPECT_THAT(failure("images: {a: {image: x, tags: [\"a b\"]}}\n"), HasSubstr("is no tag"));
  EXPECT_THAT(failure("images: {a: {tags: [x]}}\n"), HasSubstr("the field image is missing"));
  EXPECT_THAT(failure("version: v1beta11\n"), HasSubstr("v1beta11 is not v2beta1"));
}

TEST(Import, WhatIsNoYamlIsToldWithLineAndColumn) {
  EXPECT_THAT(failure("images: [a\n"), StartsWith("devspace.yaml: YAML at line 2, column 1"));
  EXPECT_THAT(failure("a: 1\na: 2\n"), HasSubstr("line 2, column 1: the key a is there twice"));
  EXPECT_THAT(failure("[1]\n"), HasSubstr("expected a map"));
  EXPECT_THAT(failure(""), HasSubstr("expected a map"));
  EXPECT_THAT(failure("a: 1\n---\nb: 2\n"), HasSubstr("more than one document"));
}

TEST(Import, VariablesOfTheCommandLineWinOverThoseOfTheFile) {
  ImportOptions options;
  options.variables = {{"HOST", "quay.io"}, {"PORT", "5003"}, {"ON", "true"}};
  const auto imported = import(
      "vars: {HOST: ghcr.io}\nlocalRegistry: {port: \"${PORT}\", enabled: \"${ON}\"}\n"
      "images: {a: {image: \"${HOST}/a\"}}\n",
      options);
  ASSERT_TRUE(imported);
  EXPECT_EQ(yaml_of(*imported), R"(apiVersion: localregistry.dev/v1alpha1
kind: LocalRegistry
metadata:
  name: dev
spec:
  enabled: true
  port: 5003
  images:
    - name: a
      image: quay.io/a
)");
  EXPECT_EQ(lines(imported->notes), "");
}

TEST(Import, VariablesThatAreNumbersAreTakenAsTheyAreWritten) {
  const auto imported = import(
      "vars: {TAG: 1.10, LONG: {value: 20240101.0}, ZERO: 007, MINOR: -.5}\n"
      "images: {a: {image: x, tags: [\"${TAG}\", \"v${LONG}\", \"${ZERO}\", \"a${MINOR}\"]}}\n");
  ASSERT_TRUE(imported);
  EXPECT_EQ(lines(imported->notes), "");
  EXPECT_THAT(imported->manifest, HasSubstr(R"("tags":["1.10","v20240101.0","007","a-.5"])"));
}

TEST(Import, AVariableOfAWrongTypeIsAFailure) {
  ImportOptions options;
  options.variables = {{"PORT", "http"}, {"ON", "yes"}};
  EXPECT_THAT(failure("localRegistry: {port: \"${PORT}\"}\n", options),
              HasSubstr("expected an integer, found \"http\""));
  EXPECT_THAT(failure("localRegistry: {enabled: \"${ON}\"}\n", options),
              HasSubstr("expected true or false, found \"yes\""));
}

TEST(Import, VariablesThatNameEachOtherEnd) {
  const auto imported =
      import("vars: {A: \"${B}\", B: \"${A}\"}\nimages: {a: {image: \"${A}\"}}\n");
  ASSERT_TRUE(imported);
  EXPECT_THAT(lines(imported->notes), HasSubstr("images.a.image: left out"));
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
