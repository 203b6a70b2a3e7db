#include "cli/terminal/input.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text/quote.h"

namespace cli {
namespace {

constexpr std::size_t kFirstBytes = 64 << 10;

// Input opens a file, and closes it in the destructor. "-" is standard input, which stays open.
class Input {
 public:
  explicit Input(const std::string& file)
      : own_(file != "-"),
        descriptor_(own_ ? ::open(file.c_str(), O_RDONLY | O_CLOEXEC) : STDIN_FILENO) {}
  ~Input() {
    if (own_ && descriptor_ >= 0) ::close(descriptor_);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  bool own_;
  int descriptor_;
};

}  // namespace

Outcome<std::string> read_input(const std::string& file, std::size_t max) {
  const std::string shown = shown_file(file);
  const auto failed = [&](int why) {
    return Failure{ExitCode::kFailure,
                   fmt::format("cannot read {}: {}", base::shown_path(shown), std::strerror(why))};
  };
  const Input input(file);
  if (input.descriptor() < 0) return failed(errno);
  std::string text;
  std::size_t size = 0;
  for (;;) {
    if (size == text.size()) text.resize(std::max(kFirstBytes, text.size() * 2));
    const ssize_t got = ::read(input.descriptor(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size > max) {
      return Failure{ExitCode::kFailure,
                     fmt::format("{} has more than {} bytes", base::shown_path(shown), max)};
    }
  }
  text.resize(size);
  return text;
}

}  // namespace cli
