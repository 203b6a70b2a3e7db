#include "cli/cluster/registry_status.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(RegistryStatus, WhatIsTrueForAnEarlierSpecIsNotEnough) {
  api::LocalRegistry registry;
  registry.metadata.generation = 2;
  EXPECT_EQ(why_not_true(registry, "Ready"), "the operator has not reconciled it yet");
  registry.status.conditions = {{"Ready", "True", "Ready", "", 1, std::nullopt}};
  EXPECT_EQ(why_not_true(registry, "Ready"),
            "the operator has not reconciled the latest change yet");
  EXPECT_EQ(why_not_true(registry, "Bogus"), "the LocalRegistry has no such condition");
  registry.status.conditions[0].observed_generation = 2;
  EXPECT_EQ(why_not_true(registry, "Ready"), "");
}

}  // namespace
}  // namespace cli
