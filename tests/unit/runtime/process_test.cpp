#include "runtime/process.h"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace {

// In bytes, as the kernel counts it: "VmRSS", "RssFile".
std::size_t memory(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) return std::stoul(line.substr(name.size() + 1)) << 10U;
  }
  return 0;
}

// AddressSanitizer has a heap of its own, which keeps what is freed for a while.
#ifndef __SANITIZE_ADDRESS__
TEST(UnneededMemory, WhatWasFreedBetweenWhatIsInUseIsGivenBack) {
  constexpr std::size_t kBlock = 1000;
  constexpr std::size_t kBlocks = 40'000;
  std::vector<std::unique_ptr<std::string>> blocks;
  blocks.reserve(kBlocks);
  for (std::size_t i = 0; i < kBlocks; ++i) {
    blocks.push_back(std::make_unique<std::string>(kBlock, 'x'));
  }
  const std::size_t full = memory("VmRSS");
  for (std::size_t i = 0; i + 1 < kBlocks; ++i) {
    if (i % 64 != 0) blocks[i].reset();
  }
  runtime::UnneededMemory unneeded;
  unneeded.give_back();
  EXPECT_LT(memory("VmRSS") + kBlock * kBlocks / 2, full);
}
#endif

TEST(UnneededMemory, CodeThatOnlyTheStartNeededIsGivenBackOnce) {
  const std::size_t before = memory("RssFile");
  runtime::UnneededMemory unneeded;
  unneeded.give_back();
  EXPECT_LT(memory("RssFile"), before) << "what runs now is mapped again";
  EXPECT_FALSE(runtime::read_process().empty());
  unneeded.give_back();
  const std::size_t usual = memory("RssFile");
  unneeded.give_back();
  EXPECT_GE(memory("RssFile"), usual) << "what is in use stays";
}

}  // namespace
