#include "cli/commands/check.h"

#include <gmock/gmock.h>

namespace cli {
namespace {

using testing::HasSubstr;

TEST(Check, AnswersArePrinted) {
  const std::vector<Checked> checked = {
      {"ghcr.io/a", {registry::Answer::kGranted, ""}},
      {"quay.io/b", {registry::Answer::kDenied, "401 Unauthorized"}}};
  EXPECT_EQ(print(checked, Output::kPeople),
            "IMAGE       PUSH      MESSAGE\n"
            "ghcr.io/a   Granted\n"
            "quay.io/b   Denied    401 Unauthorized\n");
  EXPECT_THAT(print(checked, Output::kJson), HasSubstr(R"("pushPermission": "Denied")"));
  EXPECT_EQ(print(checked, Output::kYaml),
            "- image: ghcr.io/a\n  pushPermission: Granted\n  message: \"\"\n"
            "- image: quay.io/b\n  pushPermission: Denied\n  message: \"401 Unauthorized\"\n");
  EXPECT_EQ(print(checked, Output::kName), "ghcr.io/a\n");
}

}  // namespace
}  // namespace cli
