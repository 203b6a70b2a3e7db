#include "runtime/process.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"

namespace {

using namespace std::chrono_literals;

// Returns a value of /proc/self/status in bytes: "VmRSS", "RssFile".
std::size_t memory(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) return std::stoul(line.substr(name.size() + 1)) << 10U;
  }
  return 0;
}

// AddressSanitizer uses another heap, which keeps freed memory for a while.
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
  unneeded.give_back(0ms);
  EXPECT_LT(memory("VmRSS") + kBlock * kBlocks / 2, full);
}
#endif

TEST(UnneededMemory, CodeIsGivenBackOnceTheProcessIsQuiet) {
  runtime::advise_code(MADV_POPULATE_READ);  // makes all code resident
  const std::size_t before = memory("RssFile");
  ASSERT_GE(before, limits::kTrimMappedBytes);
  runtime::UnneededMemory unneeded;
  unneeded.give_back(1s);
  EXPECT_GE(memory("RssFile"), before) << "it is busy";
  unneeded.give_back(0ms);
  EXPECT_LT(memory("RssFile"), before);
  EXPECT_FALSE(runtime::read_process().empty()) << "what runs now is mapped again";
}

TEST(ProcessorTime, GrowsWithWork) {
  const std::chrono::nanoseconds before = runtime::processor_time();
  while (runtime::processor_time() - before < 5ms) {
  }
  EXPECT_GT(runtime::processor_time(), before);
}

}  // namespace
