// What the process costs, read from /proc/self, and what it can give back. Any thread.
// Source: the process metrics of the Prometheus client libraries, under the same names
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace runtime {

struct ProcessValue {
  std::string name;
  std::string help;
  bool counter = false;  // else a gauge
  double value = 0;
};

// process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes,
// process_open_fds, process_max_fds and process_start_time_seconds; those that cannot be read are
// left out.
std::vector<ProcessValue> read_process();

// Gives back to the system what is not needed any more: memory that was freed, which after a burst
// or a list lies between what is in use, when it has become much since the last time; and, while
// the process is quiet, code and constants that only the start, a burst or a list needed. The
// kernel has them in its cache: what is used again is mapped again within a tenth of a millisecond.
class UnneededMemory {
 public:
  // Every now and then. used: the processor's time that the process took since the last time.
  void give_back(std::chrono::nanoseconds used);

 private:
  std::size_t free_ = 0;  // bytes of the heap, after the last time
};

// Advises the kernel, as madvise(2) does, about all that is loaded and never written: code and
// constants of the program and its libraries.
void advise_code(int advice);

// From here on each block of memory of 128 KiB or more is mapped by itself, and so is
// given back to the system when it is freed. By default glibc takes them from the heap once one of
// them was freed, and the heap keeps what lies below a block that is in use.
void map_large_blocks();

// The processor's time that the process took since it began.
std::chrono::nanoseconds processor_time();

}  // namespace runtime
