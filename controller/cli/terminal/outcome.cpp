#include "cli/terminal/outcome.h"

#include <stdexcept>

namespace cli {

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
  throw std::logic_error("value() of a failed Outcome: " + failure.message);
}

Failure failure_of(const base::Error& error) {
  const bool missing = error.code == base::ErrorCode::kNotFound;
  return {missing ? ExitCode::kNotFound : ExitCode::kFailure, error.message};
}

}  // namespace cli
