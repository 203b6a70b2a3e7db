#include "cli/commands/completion.h"

#include <gmock/gmock.h>

namespace cli {
namespace {

using testing::HasSubstr;

TEST(CompletionScript, EachShellHasAScript) {
  for (const Shell shell : {Shell::kBash, Shell::kZsh, Shell::kFish}) {
    EXPECT_THAT(completion_script(shell), HasSubstr("kubectl-localregistry __complete"));
  }
}

}  // namespace
}  // namespace cli
