#include "cli/commands/env.h"

#include <gmock/gmock.h>

#include "unit/cli/fixture.h"

namespace cli {
namespace {

using testing::HasSubstr;

class Env : public testing::Test, public Fixture {
 protected:
  Env() { have({registry_json("dev", "True", "Ready", kDelivered)}); }
};

TEST_F(Env, TheVariablesArePrinted) {
  EXPECT_EQ(*run(EnvCommand{"", "", VariablesFormat::kEnv}), 0);
  EXPECT_THAT(out.str(), HasSubstr("runtime.images.backend=localhost:31234/org/app:latest\n"));
  EXPECT_EQ(err.str(), "");
}

}  // namespace
}  // namespace cli
