// Builds the program of the probe image, which only ends with exit code 0, as a static ELF
// executable for each processor architecture. The bytes are made in memory: no compiler and no file
// is needed. Pure; any thread.
// Source: System V ABI, chapter 4 (Object Files), and the Linux system call table of each
// architecture.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace registry {

enum class ElfWidth : std::uint8_t { k32 = 1, k64 = 2 };       // EI_CLASS
enum class ElfOrder : std::uint8_t { kLittle = 1, kBig = 2 };  // EI_DATA

// A ProbePlatform is a platform as an image index names it (OCI image specification 1.1,
// image-index.md), with what its executable consists of.
struct ProbePlatform {
  std::string_view architecture;  // "arm64"
  std::string_view variant;       // "v7"; empty: none
  std::string_view machine;       // as `uname -m` prints it: "aarch64"
  std::uint16_t elf_machine = 0;  // e_machine
  std::uint32_t elf_flags = 0;    // e_flags
  ElfWidth width = ElfWidth::k64;
  ElfOrder order = ElfOrder::kLittle;
  std::string_view code;  // the instructions
};

// Returns all platforms for which there is a program; their operating system is linux.
std::span<const ProbePlatform> probe_platforms();

// Returns the executable for the platform. Its only segment is aligned to 64 KiB,
// because kernels of arm64 and ppc64le may have pages of this size.
std::string probe_program(const ProbePlatform& platform);

}  // namespace registry
