#include "cli/devspace/import.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/terminal/output.h"
#include "json/value.h"

namespace cli {
namespace {

using testing::HasSubstr;
using testing::Not;
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

TEST(Import, TheEnvironmentWinsOverADefaultAsInDevSpace) {
  ImportOptions options;
  options.environment = {{"ENV", "e"},   {"ALL", "e"},          {"NONE", "e"},
                         {"INPUT", "e"}, {"VALUE", "e"},        {"UNDECLARED", "e"},
                         {"EMPTY", ""},  {"DEVSPACE_NAME", "e"}};
  const auto imported = import(
      "vars:\n  ENV: {source: env, default: d}\n  ALL: {default: d, question: Which}\n"
      "  NONE: {source: none, default: d}\n  INPUT: {source: input, default: d}\n"
      "  VALUE: {value: v}\n  EMPTY: {default: d}\n  INNER: {default: \"${ENV}-${ALL}\"}\n"
      "  RUN: {command: date, default: d}\n"
      "images: {a: {image: x, tags: [\"e1-${ENV}\", \"a2-${ALL}\", \"n3-${NONE}\", \"i4-${INPUT}\","
      " \"v5-${VALUE}\", \"u6-${UNDECLARED}\", \"m7-${EMPTY}\", \"${INNER}\", \"${RUN}\","
      " \"${DEVSPACE_NAME}\"]}}\n",
      options);
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_THAT(imported->manifest,
              HasSubstr(R"("tags":["e1-e","a2-e","n3-d","i4-d","v5-v","u6-e","m7-d","e-e"])"));
  EXPECT_EQ(lines(imported->notes),
            "devspace.yaml:10:148: images.a.tags[8]: left out, because only DevSpace runs the "
            "command of ${RUN}: give it with --var RUN=VALUE\ndevspace.yaml:10:158: "
            "images.a.tags[9]: left out, because only DevSpace knows the value of "
            "${DEVSPACE_NAME}: give it with --var DEVSPACE_NAME=VALUE\n");
}

TEST(Import, VarsMayBeAList) {
  const auto imported = import(
      "vars:\n- {name: A, value: a}\n- {name: B, default: 1.10}\n- {value: nameless}\n"
      "images: {x: {image: x, tags: [\"${A}\", \"${B}\"]}}\n");
  ASSERT_TRUE(imported);
  EXPECT_THAT(imported->manifest, HasSubstr(R"("tags":["a","1.10"])"));
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

// Returns the port that the manifest has, or the message of the failure.
std::string port_of(const std::string& yaml, const ImportOptions& options = {}) {
  const auto imported = import(yaml, options);
  if (!imported) return imported.error().message;
  const auto manifest = json::Document::parse(imported->manifest);
  const auto port = manifest->root().find("spec")->find("port");
  return port ? std::to_string(port->integer()) : "none";
}

// The expected ports are those of gopkg.in/yaml.v3, which DevSpace uses.
TEST(Import, AnIntegerHasTheNotationsThatDevSpaceReads) {
  for (const auto& [written, port] : std::vector<std::pair<std::string, std::string>>{
           {"5000", "5000"},    {"+5000", "5000"},      {"05000", "2560"},
           {"0_5000", "2560"},  {"+05000", "2560"},     {"0x1388", "5000"},
           {"0X1388", "5000"},  {"0x_13_88", "5000"},   {"+0x1388", "5000"},
           {"0o11610", "5000"}, {"0O11610", "5000"},    {"0b1001110001000", "5000"},
           {"5_000", "5000"},   {"5000_", "5000"},      {"08000", "8000"},
           {"5e3", "5000"},     {"5000.0", "5000"},     {".5e4", "5000"},
           {"5.e3", "5000"},    {"!!int 05000", "2560"}}) {
    EXPECT_EQ(port_of("localRegistry: {port: " + written + "}\n"), port) << written;
    EXPECT_EQ(port_of("vars: {P: " + written + "}\nlocalRegistry: {port: \"${P}\"}\n"), port)
        << written;
    EXPECT_EQ(port_of("vars: {A: {default: " + written +
                      "}, P: \"${A}\"}\nlocalRegistry: {port: \"${P}\"}\n"),
              port)
        << written;
  }
}

TEST(Import, WhatDevSpaceReadsAsNoIntegerIsAFailure) {
  const std::string begin = "devspace.yaml:1:17: localRegistry.port: ";
  for (const std::string written :
       {"0x", "0b2", "0o9", "0xg", "5000u", "1:30", "2001-12-14", "0x1p4", "1e30",
        "99999999999999999999", "5__e", ".", "5000.5", ".5_0e4"}) {
    EXPECT_EQ(port_of("localRegistry: {port: " + written + "}\n"),
              begin + "expected an integer, found \"" + written + "\"")
        << written;
  }
  for (const std::string written : {"\"5000\"", "'0x1388'", "!!str 5000", "http", "_5000", "+-5"}) {
    EXPECT_EQ(port_of("localRegistry: {port: " + written + "}\n"),
              begin + "expected an integer, found a string")
        << written;
  }
  for (const std::string written :
       {"0", "00", "-0x10", "-05000", "65536", "0x10000", "99999999999", "-5.0"}) {
    EXPECT_THAT(port_of("localRegistry: {port: " + written + "}\n"),
                HasSubstr(" is not between 1 and 65535"))
        << written;
  }
  EXPECT_EQ(port_of("localRegistry: {port: null}\n"), "none");
}

// DevSpace reads these as decimal numbers: it has no YAML to read.
TEST(Import, AnIntegerOfTheCommandLineIsDecimal) {
  const std::string yaml = "localRegistry: {port: \"${P}\"}\n";
  for (const auto& [given, port] : std::vector<std::pair<std::string, std::string>>{
           {"5000", "5000"}, {"05000", "5000"}, {"+5000", "5000"}}) {
    ImportOptions options;
    options.variables = {{"P", given}};
    EXPECT_EQ(port_of(yaml, options), port) << given;
    options = {};
    options.environment = {{"P", given}};
    EXPECT_EQ(port_of(yaml, options), port) << given;
  }
  for (const std::string given : {"0x1388", "5_000", "5e3", "", "+", "+-5", "5000 x"}) {
    ImportOptions options;
    options.variables = {{"P", given}};
    EXPECT_THAT(port_of(yaml, options), HasSubstr("expected an integer, found \"" + given + "\""));
  }
}

TEST(Import, VariablesThatNameEachOtherEnd) {
  const auto imported =
      import("vars: {A: \"${B}\", B: \"${A}\"}\nimages: {a: {image: \"${A}\"}}\n");
  ASSERT_TRUE(imported);
  EXPECT_THAT(lines(imported->notes), HasSubstr("images.a.image: left out"));
}

// Returns the text `count` times in a row.
std::string repeated(std::string_view text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

std::string notes_of(const std::string& yaml) {
  const auto imported = import(yaml);
  return imported ? lines(imported->notes) : imported.error().message;
}

TEST(Import, VariablesThatMultiplyEndAfterSoManyReplacements) {
  std::string yaml = "vars:\n  A0: ''\n";
  for (int i = 1; i < 8; ++i) {
    const std::string inner = "${A" + std::to_string(i - 1) + "}";
    yaml += "  A" + std::to_string(i) + ": '" + repeated(inner, 30) + "'\n";
  }
  EXPECT_EQ(notes_of(yaml + "images:\n  a:\n    image: 'x/y${A7}'\n"),
            "devspace.yaml:12:5: images.a.image: left out, because replacing the variables of the "
            "file takes more than 10000 steps\n");
}

TEST(Import, TheReplacementsOfAllFieldsCountTogether) {
  const std::string yaml = "vars: {A: '', B: '" + repeated("${A}", 4000) + "'}\nimages:\n";
  const std::string image = ": {image: 'x/y${B}'}\n";
  const auto imported = import(yaml + "  a" + image + "  b" + image + "  c" + image);
  ASSERT_TRUE(imported);
  EXPECT_THAT(lines(imported->notes), StartsWith("devspace.yaml:5:7: images.c.image: left out"));
}

TEST(Import, ALongTextOfVariablesEndsSoon) {
  EXPECT_THAT(notes_of("vars: {A: ''}\nname: '" + repeated("${A}", 900'000) + "'\n"),
              HasSubstr("takes more than 10000 steps"));
  EXPECT_THAT(notes_of("vars: {A: '${B" + std::string(3 << 20, ' ') + "}', B: ''}\nname: '" +
                       repeated("${A}", 4000) + "'\n"),
              HasSubstr("name: left out, because the value is too long"));
}

// Returns the message of a failure, or the notes and then the message that it was accepted.
std::string messages(const std::string& yaml, const ImportOptions& options = {}) {
  const auto imported = import(yaml, options);
  return imported ? lines(imported->notes) + "accepted" : imported.error().message;
}

TEST(Import, NoMessageShowsAPassword) {
  for (const auto& [field, message] : std::vector<std::pair<std::string, std::string>>{
           {"name: \"${P}\"", "is not a Kubernetes name, so the LocalRegistry is named dev"},
           {"name: \"a-${OUTER}\"", "is not a Kubernetes name, so the LocalRegistry is named dev"},
           {"localRegistry: {enabled: \"${P}\"}", "expected true or false, found "},
           {"localRegistry: {port: \"${P}\"}", "expected an integer, found "},
           {"localRegistry: {namespace: \"${P}\"}", "is not a Kubernetes name"},
           {"localRegistry: {name: \"${P}\"}", "is not a Kubernetes Service name"},
           {"localRegistry: {image: \"x:${P}\"}", "a tag must consist of letters"},
           {"localRegistry: {persistence: {size: \"${P}\"}}", "is not a quantity"},
           {"localRegistry: {persistence: {storageClassName: \"${P}\"}}",
            "is not a Kubernetes name"},
           {"images: {a: {image: \"x:${P}\"}}", "a tag must consist of letters"},
           {"images: {a: {image: \"${P}/x\"}}", "is neither a valid host nor"},
           {"images: {a: {image: x, tags: [\"${P}\"]}}", "is not a tag"},
           {"images: {a: {image: x, tags: [\"$!{ P }-1\"]}}", "is not a tag"},
           {"images: {a: {image: x, tags: [\"${P}$(date)\"]}}",
            "is an expression that only DevSpace can evaluate"}}) {
    const std::string given =
        messages("vars: {P: {value: \"Se cret\", password: true}, OUTER: \"b${P}\"}\n" + field);
    EXPECT_THAT(given, HasSubstr(message)) << field;
    EXPECT_THAT(given, Not(HasSubstr("cret"))) << field;
  }
}

TEST(Import, NoMessageShowsAPasswordThatIsValid) {
  EXPECT_EQ(messages("vars: {P: {value: secret, password: yes}}\n"
                     "localRegistry: {namespace: \"${P}\"}\n"),
            "devspace.yaml:2:17: localRegistry.namespace: if you create the LocalRegistry in "
            "another namespace, this namespace must list that namespace in its annotation "
            "localregistry.dev/allow-from\naccepted");
  EXPECT_THAT(messages("vars: {P: {value: 70000, password: true}}\n"
                       "localRegistry: {port: \"${P}\"}\n"),
              HasSubstr("localRegistry.port: a value that is not shown (it contains a variable "
                        "with `password: true`) is not between 1 and 65535"));
  EXPECT_THAT(messages("vars: {P: {value: -5Gi, password: true}}\n"
                       "localRegistry: {persistence: {size: \"${P}\"}}\n"),
              HasSubstr("`password: true`) is not greater than zero"));
  EXPECT_THAT(messages("vars: {P: {value: " + std::string(53, 'a') +
                       ", password: true}}\n"
                       "localRegistry: {name: \"${P}\", persistence: {enabled: true}}\n"),
              HasSubstr("`password: true`) is longer than 52 characters"));
}

// The password contains what looks like a variable or a command of DevSpace.
TEST(Import, AReasonShowsNoPartOfAPassword) {
  for (const std::string value : {"Se${cret}", "$(cret)", "Se${P}cret", "${cret", "$"}) {
    const std::string given = messages("vars: {P: {default: '" + value +
                                       "', password: true}}\n"
                                       "images: {a: {image: x, tags: [\"${P}(date)\"]}}\n");
    EXPECT_THAT(given, HasSubstr("is not shown")) << value;
    EXPECT_THAT(given, Not(HasSubstr("cret"))) << value;
  }
}

TEST(Import, APasswordIsHiddenWhereverItsValueIsFrom) {
  const std::string image = "images: {a: {image: x, tags: [\"${P}\"]}}\n";
  ImportOptions options;
  options.environment = {{"P", "s cret"}};
  EXPECT_THAT(messages("vars: {P: {password: true}}\n" + image, options),
              HasSubstr("`password: true`) is not a tag"));
  options.environment.clear();
  options.variables = {{"P", "s cret"}};
  EXPECT_THAT(messages("vars: [{name: P, password: On}]\n" + image, options),
              HasSubstr("`password: true`) is not a tag"));
  for (const std::string word : {"\"true\"", "1", "'${X}'", "[]"}) {
    EXPECT_THAT(messages("vars: {P: {password: " + word + "}}\n" + image, options),
                HasSubstr("`password: true`) is not a tag"))
        << word;
  }
  for (const std::string word : {"false", "no", "null"}) {
    EXPECT_THAT(messages("vars: {P: {password: " + word + "}}\n" + image, options),
                HasSubstr("\"s cret\" is not a tag"))
        << word;
  }
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
