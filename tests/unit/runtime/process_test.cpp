#include "runtime/process.h"

#include <gtest/gtest.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"

namespace {

using namespace std::chrono_literals;

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
  unneeded.give_back(0ms);
  EXPECT_LT(memory("VmRSS") + kBlock * kBlocks / 2, full);
}
#endif

// Maps all pages of what is loaded and never written, as if all of it were in use.
int map_code(dl_phdr_info* object, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const std::uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    madvise(std::bit_cast<void*>(begin), end - begin, MADV_POPULATE_READ);
  }
  return 0;
}

TEST(UnneededMemory, CodeIsGivenBackOnceTheProcessIsQuiet) {
  dl_iterate_phdr(map_code, nullptr);
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
