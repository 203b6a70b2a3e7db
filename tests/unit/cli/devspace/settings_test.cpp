#include "cli/devspace/settings.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "json/value.h"
#include "unit/cli/devspace/imported.h"

namespace cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Settings, TheEnvironmentWinsOverADefaultAsInDevSpace) {
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

TEST(Settings, VarsMayBeAList) {
  const auto imported = import(
      "vars:\n- {name: A, value: a}\n- {name: B, default: 1.10}\n- {value: nameless}\n"
      "images: {x: {image: x, tags: [\"${A}\", \"${B}\"]}}\n");
  ASSERT_TRUE(imported);
  EXPECT_THAT(imported->manifest, HasSubstr(R"("tags":["a","1.10"])"));
}

TEST(Settings, VariablesOfTheCommandLineWinOverThoseOfTheFile) {
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

TEST(Settings, VariablesThatAreNumbersAreTakenAsTheyAreWritten) {
  const auto imported = import(
      "vars: {TAG: 1.10, LONG: {value: 20240101.0}, ZERO: 007, MINOR: -.5}\n"
      "images: {a: {image: x, tags: [\"${TAG}\", \"v${LONG}\", \"${ZERO}\", \"a${MINOR}\"]}}\n");
  ASSERT_TRUE(imported);
  EXPECT_EQ(lines(imported->notes), "");
  EXPECT_THAT(imported->manifest, HasSubstr(R"("tags":["1.10","v20240101.0","007","a-.5"])"));
}

TEST(Settings, AVariableOfAWrongTypeIsAFailure) {
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
TEST(Settings, AnIntegerHasTheNotationsThatDevSpaceReads) {
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

TEST(Settings, WhatDevSpaceReadsAsNoIntegerIsAFailure) {
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
TEST(Settings, AnIntegerOfTheCommandLineIsDecimal) {
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

TEST(Settings, VariablesThatNameEachOtherEnd) {
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

TEST(Settings, VariablesThatMultiplyEndAfterSoManyReplacements) {
  std::string yaml = "vars:\n  A0: ''\n";
  for (int i = 1; i < 8; ++i) {
    const std::string inner = "${A" + std::to_string(i - 1) + "}";
    yaml += "  A" + std::to_string(i) + ": '" + repeated(inner, 30) + "'\n";
  }
  EXPECT_EQ(notes_of(yaml + "images:\n  a:\n    image: 'x/y${A7}'\n"),
            "devspace.yaml:12:5: images.a.image: left out, because replacing the variables of the "
            "file takes more than 10000 steps\n");
}

TEST(Settings, TheReplacementsOfAllFieldsCountTogether) {
  const std::string yaml = "vars: {A: '', B: '" + repeated("${A}", 4000) + "'}\nimages:\n";
  const std::string image = ": {image: 'x/y${B}'}\n";
  const auto imported = import(yaml + "  a" + image + "  b" + image + "  c" + image);
  ASSERT_TRUE(imported);
  EXPECT_THAT(lines(imported->notes), StartsWith("devspace.yaml:5:7: images.c.image: left out"));
}

TEST(Settings, ALongTextOfVariablesEndsSoon) {
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

TEST(Settings, NoMessageShowsAPassword) {
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

TEST(Settings, NoMessageShowsAPasswordThatIsValid) {
  EXPECT_EQ(
      messages("vars: {P: {value: secret, password: yes}}\n"
               "localRegistry: {namespace: \"${P}\"}\n"),
      "devspace.yaml:2:17: localRegistry.namespace: the registry runs in the namespace in this "
      "field: create the LocalRegistry there, too, or add the LocalRegistry's namespace to the "
      "annotation localregistry.dev/allow-from of the namespace in this field\naccepted");
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
TEST(Settings, AReasonShowsNoPartOfAPassword) {
  for (const std::string value : {"Se${cret}", "$(cret)", "Se${P}cret", "${cret", "$"}) {
    const std::string given = messages("vars: {P: {default: '" + value +
                                       "', password: true}}\n"
                                       "images: {a: {image: x, tags: [\"${P}(date)\"]}}\n");
    EXPECT_THAT(given, HasSubstr("is not shown")) << value;
    EXPECT_THAT(given, Not(HasSubstr("cret"))) << value;
  }
}

TEST(Settings, APasswordIsHiddenWhereverItsValueIsFrom) {
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

}  // namespace
}  // namespace cli
