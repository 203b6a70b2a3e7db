#include "cli/terminal/input.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/text/quote.h"

namespace cli {
Outcome<std::string> read_input(const std::string& file, std::size_t max) {
  const std::string shown = shown_file(file);
  const auto failed = [&](int why) {
    return Failure{ExitCode::kFailure,
                   fmt::format("cannot read {}: {}", base::shown_path(shown), std::strerror(why))};
  };
  base::Descriptor opened;
  if (file != "-") {
    opened = base::Descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened.is_open()) return failed(errno);
  }
  std::string text;
  const int from = opened.is_open() ? opened.number() : STDIN_FILENO;
  if (const int failure = base::read_all(from, max, text); failure != 0) return failed(failure);
  if (text.size() <= max) return text;
  return Failure{ExitCode::kFailure,
                 fmt::format("{} has more than {} bytes", base::shown_path(shown), max)};
}

}  // namespace cli
