#include "cli/terminal/temporary_file.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>

#include "base/text/quote.h"

namespace cli {
Outcome<TemporaryFile> TemporaryFile::make(const base::EnvironmentVariables& environment) {
  const std::string chosen = base::variable(environment, "TMPDIR");
  const std::string folder = chosen.empty() ? "/var/tmp" : chosen;
  base::Descriptor file = base::temporary_file(folder);
  if (file.is_open()) return TemporaryFile(std::move(file));
  return Failure{
      ExitCode::kFailure,
      fmt::format("cannot create a temporary file in {}: {}; set TMPDIR to another folder",
                  base::shown_path(folder), std::strerror(errno))};
}

std::string TemporaryFile::path() const { return fmt::format("/proc/self/fd/{}", descriptor()); }

}  // namespace cli
