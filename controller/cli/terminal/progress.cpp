#include "cli/terminal/progress.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

namespace cli {
namespace {

constexpr std::chrono::milliseconds kRedraw(100);
constexpr std::size_t kColumns = 80;  // width if the terminal does not report it
constexpr std::size_t kMaxBar = 30;
constexpr std::size_t kMinBar = 5;
constexpr std::string_view kClear = "\r\x1b[K";

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kColumns;
  return size.ws_col;
}

std::string bar(double share, std::size_t width) {
  const auto full = static_cast<std::size_t>(share * static_cast<double>(width));
  std::string text(std::min(full, width), '=');
  if (text.size() < width) text += '>';
  text.resize(width, ' ');
  return "[" + text + "]";
}

}  // namespace

std::string print_bytes(std::uint64_t bytes) {
  constexpr double kStep = 1000;
  double value = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* next : {"kB", "MB", "GB", "TB"}) {
    if (value < kStep) break;
    value /= kStep;
    unit = next;
  }
  return bytes < kStep ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, unit);
}

std::string progress_line(const std::string& label, std::uint64_t done, std::uint64_t total,
                          double bytes_per_second, std::size_t columns) {
  const std::string speed =
      fmt::format("{}/s", print_bytes(static_cast<std::uint64_t>(std::max(bytes_per_second, 0.0))));
  if (total == 0) {
    return fmt::format("{}  {}  {}", label, print_bytes(done), speed).substr(0, columns);
  }
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const std::string numbers = fmt::format("{:3.0f}%  {} / {}  {}", share * 100, print_bytes(done),
                                          print_bytes(total), speed);
  const std::size_t taken = label.size() + numbers.size() + 6;  // brackets and gaps
  if (columns < taken + kMinBar) return fmt::format("{}  {}", label, numbers).substr(0, columns);
  return fmt::format("{}  {}  {}", label, bar(share, std::min(kMaxBar, columns - taken)), numbers);
}

void ProgressBar::begin(const std::string& label) {
  clear();
  label_ = printable(label);
  begun_ = clock_.now();
  drawn_.reset();
  first_.reset();
}

void ProgressBar::update(std::uint64_t done, std::uint64_t total) {
  if (!console_.err_is_terminal) return;
  const base::Clock::Instant now = clock_.now();
  if (!first_) first_ = done;
  if (drawn_ && now - *drawn_ < kRedraw) return;
  drawn_ = now;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  const double speed =
      seconds > 0 && done > *first_ ? static_cast<double>(done - *first_) / seconds : 0;
  // The last column stays free, because some terminals begin a new line after it.
  console_.err << kClear << progress_line(label_, done, total, speed, terminal_columns() - 1)
               << std::flush;
  visible_ = true;
}

void ProgressBar::clear() {
  if (visible_) console_.err << kClear << std::flush;
  visible_ = false;
}

}  // namespace cli
