// ProgressBar shows the progress of long work on standard error if that is a terminal. It has one
// owner and is used on one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "cli/terminal/output.h"

namespace cli {

// Formats a size: "12.3 MB".
std::string print_bytes(std::uint64_t bytes);

// Formats a line such as "label  [=====>    ]  45%  12.3 MB / 27.1 MB  8.2 MB/s", of at most
// `columns` characters. `done` and `total` are bytes. If `total` is 0, the total is unknown and the
// line has no bar. Pure.
std::string progress_line(const std::string& label, std::uint64_t done, std::uint64_t total,
                          double bytes_per_second, std::size_t columns);

class ProgressBar {
 public:
  // `console` and `clock` must outlive the bar.
  ProgressBar(Console& console, const base::Clock& clock) : console_(console), clock_(clock) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() { clear(); }

  // Begins new work; the speed is computed from this point on.
  void begin(const std::string& label);

  // Draws the bar, at most ten times per second. `done` and `total`: as in progress_line().
  void update(std::uint64_t done, std::uint64_t total);

  // Removes the bar from the screen, so that other text can be printed.
  void clear();

 private:
  Console& console_;
  const base::Clock& clock_;
  std::string label_;
  base::Clock::Instant begun_{};
  std::optional<base::Clock::Instant> drawn_;
  std::optional<std::uint64_t> first_;  // `done` of the first update(), bytes
  bool visible_ = false;
};

}  // namespace cli
