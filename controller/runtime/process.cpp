#include "runtime/process.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

#include "base/limits.h"

namespace runtime {
namespace {

// glibc's default threshold. Setting it explicitly keeps glibc from raising it (mallopt(3)).
constexpr int kLargeBlockBytes = 128 << 10;

// Returns the fields of /proc/self/stat that follow the command name. The command name itself may
// contain spaces and brackets.
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto end = text.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream rest(text.substr(end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

// Returns when the machine started, in seconds since the epoch; nullopt when it cannot be read.
std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return std::nullopt;
}

std::optional<double> open_files() {
  std::error_code failure;
  double count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", failure), end; !failure && it != end;
       it.increment(failure)) {
    ++count;
  }
  if (failure || count < 1) return std::nullopt;
  return count - 1;  // the directory_iterator itself uses one descriptor
}

// Returns the resident bytes of mapped files: code and constants.
std::size_t mapped_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  std::size_t shared = 0;
  file >> size >> resident >> shared;
  return shared * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// Callback of dl_iterate_phdr(3): applies madvise(2) to those segments of the object that are not
// writable. `advice` points to an int, the advice of madvise(2).
int advise(dl_phdr_info* object, std::size_t, void* advice) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const std::uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    madvise(std::bit_cast<void*>(begin), end - begin, *static_cast<int*>(advice));
  }
  return 0;
}

void add_from_stat(std::vector<ProcessValue>& values) {
  // Field numbers of proc(5) minus 3: `state` is field 3 there and index 0 here.
  constexpr std::size_t kUserTime = 11;
  constexpr std::size_t kSystemTime = 12;
  constexpr std::size_t kStartTime = 19;
  constexpr std::size_t kVirtual = 20;
  constexpr std::size_t kResident = 21;
  const std::vector<std::string> fields = stat_fields();
  if (fields.size() <= kResident) return;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  const double cpu = (std::stod(fields[kUserTime]) + std::stod(fields[kSystemTime])) / ticks;
  values.push_back(
      {"process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", true, cpu});
  values.push_back({"process_resident_memory_bytes", "Resident memory size in bytes.", false,
                    std::stod(fields[kResident]) * page});
  values.push_back({"process_virtual_memory_bytes", "Virtual memory size in bytes.", false,
                    std::stod(fields[kVirtual])});
  if (const auto boot = boot_time()) {
    values.push_back({"process_start_time_seconds",
                      "Start time of the process since unix epoch in seconds.", false,
                      *boot + std::stod(fields[kStartTime]) / ticks});
  }
}

}  // namespace

std::vector<ProcessValue> read_process() {
  std::vector<ProcessValue> values;
  add_from_stat(values);
  if (const auto count = open_files()) {
    values.push_back({"process_open_fds", "Number of open file descriptors.", false, *count});
  }
  rlimit max{};
  if (getrlimit(RLIMIT_NOFILE, &max) == 0) {
    values.push_back({"process_max_fds", "Maximum number of open file descriptors.", false,
                      static_cast<double>(max.rlim_cur)});
  }
  return values;
}

std::chrono::nanoseconds processor_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void map_large_blocks() { mallopt(M_MMAP_THRESHOLD, kLargeBlockBytes); }

void advise_code(int advice) { dl_iterate_phdr(advise, &advice); }

void UnneededMemory::give_back(std::chrono::nanoseconds used) {
  const std::size_t free = mallinfo2().fordblks;
  const std::size_t change = free > free_ ? free - free_ : free_ - free;
  if (change >= limits::kTrimHeapBytes) {
    malloc_trim(0);
    free_ = mallinfo2().fordblks;
  }
  const bool is_quiet = used <= limits::kTrimQuiet;
  if (is_quiet && mapped_bytes() >= limits::kTrimMappedBytes) advise_code(MADV_DONTNEED);
}

}  // namespace runtime
