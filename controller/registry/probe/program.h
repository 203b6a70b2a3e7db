// Builds the program of the probe image, which only ends with exit code 0, as a static ELF
// executable for each processor architecture. The bytes are made in memory: no compiler and no file
// is needed. Pure; any thread.
// Source: System V ABI, chapter 4 (Object Files), and the Linux system call table of each
// architecture.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace registry {

// A platform as an image index names it (OCI image specification 1.1, image-index.md).
struct ProbePlatform {
  std::string_view architecture;  // "arm64"
  std::string_view variant;       // "v7"; empty: none
  std::string_view machine;       // as `uname -m` prints it: "aarch64"
};

// Returns all platforms for which there is a program; their operating system is linux.
std::span<const ProbePlatform> probe_platforms();

// Returns the executable for one of probe_platforms(). Its only segment is aligned to 64 KiB,
// because kernels of arm64 and ppc64le may have pages of this size.
std::string probe_program(const ProbePlatform& platform);

}  // namespace registry
