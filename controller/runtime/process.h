// What the process costs, read from /proc/self. Any thread.
// Source: the process metrics of the Prometheus client libraries, under the same names
#pragma once

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

}  // namespace runtime
