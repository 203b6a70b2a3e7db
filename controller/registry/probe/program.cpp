#include "registry/probe/program.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace registry {
namespace {

using namespace std::string_view_literals;

// Of the ELF header: EI_CLASS, EI_DATA and the fields of a segment differ between architectures.
enum class Width : std::uint8_t { k32 = 1, k64 = 2 };
enum class Order : std::uint8_t { kLittle = 1, kBig = 2 };

struct Program {
  std::uint16_t machine = 0;  // e_machine
  std::uint32_t flags = 0;    // e_flags
  Width width = Width::k64;
  Order order = Order::kLittle;
  std::string_view code;
};

constexpr ProbePlatform kPlatforms[] = {
    {"amd64", "", "x86_64"},    {"arm64", "", "aarch64"}, {"arm", "v7", "armv7l"},
    {"ppc64le", "", "ppc64le"}, {"s390x", "", "s390x"},   {"riscv64", "", "riscv64"},
};

// The system call exit(0) of each platform, in the order of kPlatforms.
constexpr Program kPrograms[] = {
    // mov eax, 60 (exit); xor edi, edi; syscall
    {62, 0, Width::k64, Order::kLittle, "\xb8\x3c\x00\x00\x00\x31\xff\x0f\x05"sv},
    // mov x8, #93 (exit); mov x0, #0; svc #0
    {183, 0, Width::k64, Order::kLittle, "\xa8\x0b\x80\xd2\x00\x00\x80\xd2\x01\x00\x00\xd4"sv},
    // mov r7, #1 (exit); mov r0, #0; svc #0. The flags: EABI version 5.
    {40, 0x05000000, Width::k32, Order::kLittle,
     "\x01\x70\xa0\xe3\x00\x00\xa0\xe3\x00\x00\x00\xef"sv},
    // li r0, 1 (exit); li r3, 0; sc. The flags: ELF version 2 of the ABI.
    {21, 2, Width::k64, Order::kLittle, "\x01\x00\x00\x38\x00\x00\x60\x38\x02\x00\x00\x44"sv},
    // lghi %r2, 0; svc 1 (exit)
    {22, 0, Width::k64, Order::kBig, "\xa7\x29\x00\x00\x0a\x01"sv},
    // li a7, 93 (exit); li a0, 0; ecall
    {243, 0, Width::k64, Order::kLittle, "\x93\x08\xd0\x05\x13\x05\x00\x00\x73\x00\x00\x00"sv},
};
static_assert(std::size(kPlatforms) == std::size(kPrograms));

constexpr std::uint64_t kAddress = 0x400000;   // where the file is mapped
constexpr std::uint64_t kAlignment = 0x10000;  // 64 KiB

// Appends the fields of ELF structures in the program's width and order of bytes.
class ElfWriter {
 public:
  explicit ElfWriter(const Program& program) : program_(program) {}

  void number(std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      const std::size_t shift = program_.order == Order::kLittle ? i : bytes - 1 - i;
      bytes_ += static_cast<char>(value >> (8 * shift) & 0xff);
    }
  }
  void half(std::uint64_t value) { number(value, 2); }
  void word(std::uint64_t value) { number(value, 4); }

  // Writes an address, an offset or a size: 4 or 8 bytes.
  void address(std::uint64_t value) { number(value, program_.width == Width::k64 ? 8 : 4); }

  void text(std::string_view bytes) { bytes_ += bytes; }

  std::string take() { return std::move(bytes_); }

 private:
  const Program& program_;
  std::string bytes_;
};

}  // namespace

std::span<const ProbePlatform> probe_platforms() { return kPlatforms; }

std::string probe_program(const ProbePlatform& platform) {
  const auto* const found =
      std::find_if(std::begin(kPlatforms), std::end(kPlatforms), [&](const ProbePlatform& one) {
        return one.architecture == platform.architecture && one.variant == platform.variant;
      });
  const Program& program = kPrograms[found - std::begin(kPlatforms)];
  const bool wide = program.width == Width::k64;
  const std::uint64_t header = wide ? 64 : 52;   // sizes of the ELF header and of the
  const std::uint64_t segment = wide ? 56 : 32;  // program header, in bytes
  const std::uint64_t begin = header + segment;
  const std::uint64_t size = begin + program.code.size();
  constexpr std::uint64_t kReadAndExecute = 5;  // PF_R | PF_X
  constexpr std::uint64_t kLoad = 1;            // PT_LOAD
  ElfWriter elf(program);

  elf.text(
      "\x7f"
      "ELF");
  elf.number(static_cast<std::uint8_t>(program.width), 1);
  elf.number(static_cast<std::uint8_t>(program.order), 1);
  elf.number(1, 1);                // EI_VERSION
  elf.text(std::string(9, '\0'));  // EI_OSABI, EI_ABIVERSION, padding
  elf.half(2);                     // ET_EXEC
  elf.half(program.machine);
  elf.word(1);                    // EV_CURRENT
  elf.address(kAddress + begin);  // e_entry
  elf.address(header);            // e_phoff
  elf.address(0);                 // e_shoff: no sections
  elf.word(program.flags);
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
  elf.text(program.code);
  return elf.take();
}

}  // namespace registry
