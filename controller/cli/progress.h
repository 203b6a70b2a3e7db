// A bar for long work, on standard error when that is a terminal. One owner; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "cli/output.h"

namespace cli {

// "12.3 MB"
std::string print_bytes(std::uint64_t bytes);

// "label  [=====>    ]  45%  12.3 MB / 27.1 MB  8.2 MB/s" in so many columns at most; total 0: it
// is not known, and there is no bar. Pure.
std::string progress_line(const std::string& label, std::uint64_t done, std::uint64_t total,
                          double bytes_per_second, std::size_t columns);

class ProgressBar {
 public:
  // Both outlive the bar.
  ProgressBar(Console& console, const base::Clock& clock) : console_(console), clock_(clock) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() { clear(); }

  // New work: what went before does not count for the speed.
  void begin(const std::string& label);

  // Draws it, a few times a second at most.
  void update(std::uint64_t done, std::uint64_t total);

  // Takes it off the screen, for other text.
  void clear();

 private:
  Console& console_;
  const base::Clock& clock_;
  std::string label_;
  base::Clock::Instant begun_{};
  std::optional<base::Clock::Instant> drawn_;
  std::optional<std::uint64_t> first_;  // what was done when it began
  bool visible_ = false;
};

}  // namespace cli
