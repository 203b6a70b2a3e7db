#include "runtime/runner.h"

#include <fmt/core.h>

namespace runtime {

namespace {

std::string seconds_text(base::Clock::Duration duration) {
  return fmt::format("{:.3f}s", std::chrono::duration<double>(duration).count());
}

}  // namespace

ReconcileOutcome outcome_of(const ReconcileResult& result) {
  if (!result) return ReconcileOutcome::kError;
  if (!result->after) return ReconcileOutcome::kSuccess;
  return result->after->count() > 0 ? ReconcileOutcome::kRequeueAfter : ReconcileOutcome::kRequeue;
}

base::Error timeout_error(base::Clock::Duration timeout) {
  return {base::ErrorCode::kTimeout,
          fmt::format("the reconcile did not finish within {}", seconds_text(timeout))};
}

base::Error bug_error(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& thrown) {
    return {base::ErrorCode::kInternal, thrown.what()};
  } catch (...) {
    return {base::ErrorCode::kInternal, "something that is not a std::exception"};
  }
}

base::Clock::Duration least_delay(const base::Error& error) {
  return error.retry_after.value_or(std::chrono::milliseconds(0));
}

base::Clock::Duration most_delay(const base::Error& error) {
  return error.transient() ? limits::kRetryTransientMost : limits::kRetryMost;
}

bool is_worth_warning(const base::Error& error, int failures) {
  return error.code != base::ErrorCode::kConflict || failures + 1 >= limits::kConflictsToWarn;
}

void log_failure(base::Logger& logger, bool warning, std::string key, const base::Error& error,
                 base::Clock::Duration delay) {
  const std::string text = to_string(error);
  const bool is_conflict = error.code == base::ErrorCode::kConflict;
  if (warning) {
    logger.warning("reconcile failed, will be tried again",
                   {{"key", std::move(key)}, {"error", text}, {"in", seconds_text(delay)}});
  } else {
    logger.debug(is_conflict ? "an object changed during the reconcile, will be tried again"
                             : "reconcile failed again",
                 {{"key", std::move(key)}, {"error", text}, {"in", seconds_text(delay)}});
  }
}

}  // namespace runtime
