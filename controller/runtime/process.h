// Reads the resource use of this process from /proc/self, and returns unused memory to the kernel.
// The functions can be called on any thread, an UnneededMemory on one thread at a time.
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
  bool counter = false;  // false: a gauge
  double value = 0;
};

// Returns process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes,
// process_open_fds, process_max_fds and process_start_time_seconds. Values that cannot be read are
// left out.
std::vector<ProcessValue> read_process();

// Returns memory to the kernel that the process no longer needs:
//  * Free memory of the heap, when its amount has changed by limits::kTrimHeapBytes since the last
//    trim. After a burst or a list, the heap cannot shrink, because free blocks lie between blocks
//    in use.
//  * Pages of mapped code and constants, while the process is quiet. Most of these pages are used
//    only at the start, in a burst or for a list. The kernel keeps their content in its page cache,
//    so a page that is used again is mapped within 0.1 ms.
class UnneededMemory {
 public:
  // Call it every limits::kTrimInterval. `used`: processor time of the process since the last call.
  void give_back(std::chrono::nanoseconds used);

 private:
  std::size_t free_ = 0;  // free bytes of the heap after the last trim
};

// Applies madvise(2) with `advice` to all loaded segments that are not writable. These hold the
// code and constants of the program and its libraries.
void advise_code(int advice);

// From this call on, each block of 128 KiB or more is mapped separately, so that freeing the block
// returns its memory to the kernel. By default glibc takes such blocks from the heap once one of
// them was freed, and the heap keeps free memory that lies below a block in use.
void map_large_blocks();

// Returns the processor time that the process has used since its start.
std::chrono::nanoseconds processor_time();

}  // namespace runtime
