#include "registry/probe/program.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace registry {
namespace {

using namespace std::string_view_literals;

using enum ElfWidth;
using enum ElfOrder;

// Each program is the system call exit(0).
constexpr ProbePlatform kPlatforms[] = {
    // mov eax, 60 (exit); xor edi, edi; syscall
    {"amd64", "", "x86_64", 62, 0, k64, kLittle, "\xb8\x3c\x00\x00\x00\x31\xff\x0f\x05"sv},
    // mov x8, #93 (exit); mov x0, #0; svc #0
    {"arm64", "", "aarch64", 183, 0, k64, kLittle,
     "\xa8\x0b\x80\xd2\x00\x00\x80\xd2\x01\x00\x00\xd4"sv},
    // mov r7, #1 (exit); mov r0, #0; svc #0. The flags: EABI version 5.
    {"arm", "v7", "armv7l", 40, 0x05000000, k32, kLittle,
     "\x01\x70\xa0\xe3\x00\x00\xa0\xe3\x00\x00\x00\xef"sv},
    // li r0, 1 (exit); li r3, 0; sc. The flags: ELF version 2 of the ABI.
    {"ppc64le", "", "ppc64le", 21, 2, k64, kLittle,
     "\x01\x00\x00\x38\x00\x00\x60\x38\x02\x00\x00\x44"sv},
    // lghi %r2, 0; svc 1 (exit)
    {"s390x", "", "s390x", 22, 0, k64, kBig, "\xa7\x29\x00\x00\x0a\x01"sv},
    // li a7, 93 (exit); li a0, 0; ecall
    {"riscv64", "", "riscv64", 243, 0, k64, kLittle,
     "\x93\x08\xd0\x05\x13\x05\x00\x00\x73\x00\x00\x00"sv},
};

constexpr std::uint64_t kAddress = 0x400000;   // where the file is mapped
constexpr std::uint64_t kAlignment = 0x10000;  // 64 KiB

// Appends the fields of ELF structures in the platform's width and order of bytes.
class ElfWriter {
 public:
  explicit ElfWriter(const ProbePlatform& platform) : platform_(platform) {}

  void number(std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      const std::size_t shift = platform_.order == kLittle ? i : bytes - 1 - i;
      bytes_ += static_cast<char>(value >> (8 * shift) & 0xff);
    }
  }
  void half(std::uint64_t value) { number(value, 2); }
  void word(std::uint64_t value) { number(value, 4); }

  // Writes an address, an offset or a size: 4 or 8 bytes.
  void address(std::uint64_t value) { number(value, platform_.width == k64 ? 8 : 4); }

  void text(std::string_view bytes) { bytes_ += bytes; }

  std::string take() { return std::move(bytes_); }

 private:
  const ProbePlatform& platform_;
  std::string bytes_;
};

}  // namespace

std::span<const ProbePlatform> probe_platforms() { return kPlatforms; }

std::string probe_program(const ProbePlatform& platform) {
  const bool wide = platform.width == k64;
  const std::uint64_t header = wide ? 64 : 52;   // sizes of the ELF header and of the
  const std::uint64_t segment = wide ? 56 : 32;  // program header, in bytes
  const std::uint64_t begin = header + segment;
  const std::uint64_t size = begin + platform.code.size();
  constexpr std::uint64_t kReadAndExecute = 5;  // PF_R | PF_X
  constexpr std::uint64_t kLoad = 1;            // PT_LOAD
  ElfWriter elf(platform);

  elf.text(
      "\x7f"
      "ELF");
  elf.number(static_cast<std::uint8_t>(platform.width), 1);
  elf.number(static_cast<std::uint8_t>(platform.order), 1);
  elf.number(1, 1);                // EI_VERSION
  elf.text(std::string(9, '\0'));  // EI_OSABI, EI_ABIVERSION, padding
  elf.half(2);                     // ET_EXEC
  elf.half(platform.elf_machine);
  elf.word(1);                    // EV_CURRENT
  elf.address(kAddress + begin);  // e_entry
  elf.address(header);            // e_phoff
  elf.address(0);                 // e_shoff: no sections
  elf.word(platform.elf_flags);
  elf.half(header);
  elf.half(segment);
  elf.half(1);  // e_phnum
  elf.half(0);  // e_shentsize
  elf.half(0);  // e_shnum
  elf.half(0);  // e_shstrndx

  elf.word(kLoad);
  if (wide) elf.word(kReadAndExecute);
  elf.address(0);         // p_offset: the whole file is the segment
  elf.address(kAddress);  // p_vaddr
  elf.address(kAddress);  // p_paddr
  elf.address(size);      // p_filesz
  elf.address(size);      // p_memsz
  if (!wide) elf.word(kReadAndExecute);
  elf.address(kAlignment);
  elf.text(platform.code);
  return elf.take();
}

}  // namespace registry
