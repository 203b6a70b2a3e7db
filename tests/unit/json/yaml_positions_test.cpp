#include <gmock/gmock.h>

#include "base/limits.h"
#include "json/text/yaml.h"

namespace {

using json::Position;
using testing::HasSubstr;

json::PositionedJson read(const std::string& yaml) {
  const auto result = json::from_yaml_with_positions(yaml);
  EXPECT_TRUE(result) << to_string(result.error());
  return result ? *result : json::PositionedJson();
}

std::string error_of(const std::string& yaml) {
  const auto result = json::from_yaml_with_positions(yaml);
  return result ? "accepted" : result.error().message;
}

TEST(YamlPositions, MembersAndElementsAreFoundByTheirPath) {
  const auto result = read("a: 1\nb:\n  c: {d: 2}\n  list:\n  - x\n  - y: z\n");
  EXPECT_EQ(result.text, R"({"a":1,"b":{"c":{"d":2},"list":["x",{"y":"z"}]}})");
  EXPECT_EQ(result.positions.find("a"), (Position{1, 1}));
  EXPECT_EQ(result.positions.find("b.c"), (Position{3, 3}));
  EXPECT_EQ(result.positions.find("b.c.d"), (Position{3, 7}));
  EXPECT_EQ(result.positions.find("b.list[0]"), (Position{5, 5}));
  EXPECT_EQ(result.positions.find("b.list[1].y"), (Position{6, 5}));
}

TEST(YamlPositions, TheNotationOfWhatMayBeANumberIsKept) {
  const auto result = read(
      "a: 1.10\nb: True\nc: [0x1388, +5_000, -0o7, .5_0]\nd: x5\ne: '0x10'\nf: !!str 0x10\ng: "
      "_5\n");
  const auto written = [&](const char* path) {
    const std::string* const text = result.positions.written(path);
    return text == nullptr ? std::string("none") : *text;
  };
  EXPECT_EQ(written("a"), "1.10");
  EXPECT_EQ(written("b"), "True");
  EXPECT_EQ(written("c[0]"), "0x1388");
  EXPECT_EQ(written("c[1]"), "+5_000");
  EXPECT_EQ(written("c[2]"), "-0o7");
  EXPECT_EQ(written("c[3]"), ".5_0");
  for (const char* path : {"c", "d", "e", "f", "g"}) EXPECT_EQ(written(path), "none") << path;
}

TEST(YamlPositions, AnElementOfAMapIsFoundEitherWayItIsWritten) {
  const auto result = read("images:\n  app:\n    image: x\n");
  EXPECT_EQ(result.positions.find("images[app].image"), (Position{3, 5}));
  EXPECT_EQ(result.positions.find("images.app.image"), (Position{3, 5}));
}

TEST(YamlPositions, OfAPathThatIsNotThereTheNearestAroundItIsTold) {
  const auto result = read("a: 1\nb:\n  c: 2\n");
  EXPECT_EQ(result.positions.find("b.x.y"), (Position{2, 1}));
  EXPECT_EQ(result.positions.find("x"), (Position{1, 1}));
  EXPECT_EQ(result.positions.find(""), (Position{1, 1}));
}

TEST(YamlPositions, MergeKeysAreMerged) {
  EXPECT_EQ(read("base: &base {a: 1, b: 2}\nx:\n  <<: *base\n  b: 3\n").text,
            R"({"base":{"a":1,"b":2},"x":{"b":3,"a":1}})");
  EXPECT_EQ(read("a: &a {k: 1}\nb: &b {k: 2, l: 2}\nx: {<<: [*a, *b]}\n").text,
            R"({"a":{"k":1},"b":{"k":2,"l":2},"x":{"k":1,"l":2}})");
  EXPECT_EQ(read("a: &a {k: 1}\nb: &b {<<: *a, l: 2}\nx: {<<: *b}\n").text,
            R"({"a":{"k":1},"b":{"l":2,"k":1},"x":{"l":2,"k":1}})");
  EXPECT_EQ(read("\"<<\": {a: 1}\n").text, R"({"<<":{"a":1}})");
  EXPECT_THAT(error_of("x: {<<: 1}\n"), HasSubstr("line 1"));
}

TEST(YamlPositions, AKeyThatIsThereTwiceIsRefused) {
  EXPECT_THAT(error_of("a: 1\nb:\n  c: 1\n  c: 2\n"),
              testing::AllOf(HasSubstr("line 4, column 3"), HasSubstr("duplicate key c")));
}

TEST(YamlPositions, TheBoundsHold) {
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) laughs += (j == 0 ? "" : ", ") + last;
    laughs += "]\n";
  }
  EXPECT_EQ(json::from_yaml_with_positions(laughs).error().code, base::ErrorCode::kTooLarge);
  // Each value keeps its path, in which keys are shortened to 80 characters. Long keys above many
  // values therefore count once for each value.
  std::string deep;
  for (int level = 0; level < 10; ++level) {
    deep += std::string(static_cast<std::size_t>(level), ' ') + std::string(1000, 'k') + ":\n";
  }
  deep += std::string(10, ' ') + "[";
  for (std::size_t i = 0; i < limits::kYamlExpandedBytes / 800 + 1; ++i) deep += "x, ";
  EXPECT_EQ(json::from_yaml_with_positions(deep + "]").error().code, base::ErrorCode::kTooLarge);
  EXPECT_EQ(json::from_yaml_with_positions("a: &a {<<: *a}\n").has_error(), true);
}

}  // namespace
