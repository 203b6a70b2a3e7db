#include "cli/grammar/completion.h"

#include <gmock/gmock.h>

#include "cli/command_table.h"

namespace cli {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

using Words = std::vector<std::string>;

class FixedNames final : public NameSource {
 public:
  Words registries(const ClusterSelection& selection) override {
    return ask(selection, {"dev", "prod"});
  }
  Words images(const ClusterSelection& selection) override {
    return ask(selection, {"backend\tghcr.io/a/b"});
  }
  Words contexts(const ClusterSelection& selection) override {
    return ask(selection, {"kind-a", "remote"});
  }
  Words namespaces(const ClusterSelection& selection) override {
    return ask(selection, {"default", "team-a"});
  }

  ClusterSelection last;

 private:
  Words ask(const ClusterSelection& how, Words answer) {
    last = how;
    return answer;
  }
};

class Completion : public testing::Test {
 protected:
  Words words(const Words& typed) { return complete(commands_, typed, names_).words; }
  Directive directive(const Words& typed) { return complete(commands_, typed, names_).directive; }

  const CommandTable commands_ = command_table();
  FixedNames names_;
};

TEST_F(Completion, CommandsComeWithWhatTheyDo) {
  EXPECT_THAT(words({""}),
              Contains("status\tShow the state, address and images of a LocalRegistry"));
  EXPECT_THAT(words({"e"}), ElementsAre(StartsWith("env\t"), StartsWith("exec\t")));
  EXPECT_EQ(directive({""}), Directive::kNoFiles);
}

TEST_F(Completion, FlagsAreThoseOfTheCommandAndOfEveryCommand) {
  EXPECT_THAT(words({"wait", "--"}), Contains(StartsWith("--timeout\t")));
  EXPECT_THAT(words({"wait", "--"}), Contains(StartsWith("--namespace\t")));
  EXPECT_THAT(words({"url", "--"}), Not(Contains(StartsWith("--timeout"))));
  EXPECT_THAT(words({"url", "--re"}), Each(StartsWith("--re")));
  EXPECT_THAT(words({"--co"}), ElementsAre(StartsWith("--context\t")));
}

TEST_F(Completion, ValuesAreThoseOfTheFlag) {
  EXPECT_THAT(words({"status", "-o", ""}), ElementsAre("json", "yaml", "name"));
  EXPECT_THAT(words({"env", "--output=d"}), ElementsAre("--output=dotenv"));
  EXPECT_THAT(words({"-n", "t"}), ElementsAre("team-a"));
  EXPECT_THAT(words({"status", "--context", ""}), ElementsAre("kind-a", "remote"));
  EXPECT_THAT(words({"env", "--image", "b"}), ElementsAre("backend\tghcr.io/a/b"));
  EXPECT_THAT(words({"wait", "--timeout", ""}), IsEmpty());
  EXPECT_EQ(directive({"wait", "--timeout", ""}), Directive::kNoFiles);
  EXPECT_EQ(directive({"--kubeconfig", ""}), Directive::kFiles);
}

TEST_F(Completion, RegistriesAreAskedForWhereTheFlagsPoint) {
  EXPECT_THAT(words({"-n", "team-a", "status", "--context=remote", ""}),
              ElementsAre("dev", "prod"));
  EXPECT_EQ(names_.last.connection.namespace_name, "team-a");
  EXPECT_EQ(names_.last.connection.context, "remote");
  words({"env", "--registry", "lreg/dev", "--image", ""});
  EXPECT_EQ(names_.last.registry, "dev");
  EXPECT_THAT(words({"status", "dev", ""}), IsEmpty());
}

TEST_F(Completion, FilesAreLeftToTheShell) {
  EXPECT_EQ(directive({"import", ""}), Directive::kFiles);
  EXPECT_EQ(directive({"exec", "--", ""}), Directive::kFiles);
  EXPECT_THAT(words({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
}

TEST_F(Completion, WhatIsNoCommandHasNoCandidates) {
  EXPECT_THAT(words({"bogus", ""}), IsEmpty());
  EXPECT_THAT(words({"exec", "--", "-"}), IsEmpty());
  EXPECT_THAT(words({}), Contains(StartsWith("status")));
}

TEST_F(Completion, IsPrintedAsKubectlExpectsIt) {
  EXPECT_EQ(print({{"a\tone", "b"}, Directive::kNoFiles}), "a\tone\nb\n:4\n");
  EXPECT_EQ(print({{}, Directive::kFiles}), ":0\n");
}

}  // namespace
}  // namespace cli
