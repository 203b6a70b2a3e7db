#include "base/error.h"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

namespace base {

std::string_view name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound: return "NotFound";
    case ErrorCode::kAlreadyExists: return "AlreadyExists";
    case ErrorCode::kConflict: return "Conflict";
    case ErrorCode::kGone: return "Gone";
    case ErrorCode::kInvalid: return "Invalid";
    case ErrorCode::kUnauthorized: return "Unauthorized";
    case ErrorCode::kForbidden: return "Forbidden";
    case ErrorCode::kTooManyRequests: return "TooManyRequests";
    case ErrorCode::kUnavailable: return "Unavailable";
    case ErrorCode::kTimeout: return "Timeout";
    case ErrorCode::kNetwork: return "Network";
    case ErrorCode::kTls: return "Tls";
    case ErrorCode::kMalformed: return "Malformed";
    case ErrorCode::kTooLarge: return "TooLarge";
    case ErrorCode::kInternal: return "Internal";
  }
  return "Internal";
}

bool Error::lost_race() const {
  return code == ErrorCode::kConflict || code == ErrorCode::kAlreadyExists;
}

bool Error::transient() const {
  switch (code) {
    case ErrorCode::kConflict:
    case ErrorCode::kTooManyRequests:
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kNetwork: return true;
    default: return false;
  }
}

bool Error::has_cause(std::string_view reason) const {
  return std::any_of(causes.begin(), causes.end(),
                     [&](const FieldCause& cause) { return cause.reason == reason; });
}

Error invalid(std::string message) { return {ErrorCode::kInvalid, std::move(message)}; }

Error malformed(std::string message) { return {ErrorCode::kMalformed, std::move(message)}; }

Error prefixed(std::string_view name, Error error) {
  error.message = fmt::format("{}: {}", name, error.message);
  return error;
}

std::string to_string(const Error& error) {
  std::string text(name(error.code));
  if (!error.message.empty()) text += ": " + error.message;
  return text;
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("value() of a failed Result: " + to_string(error));
}

}  // namespace base
