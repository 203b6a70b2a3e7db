// The one error type of the program, and Result<T>, which carries it.
//
// What the API server or a registry answers (NotFound, Conflict, Gone, Invalid, …) is a value and
// travels as a Result; exceptions are for bugs, for a bad start and for cancelled coroutines.
// Values; safe to use on any thread.
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

enum class ErrorCode {
  kNotFound,         // 404: no such object, or no such resource type
  kAlreadyExists,    // 409, reason AlreadyExists
  kConflict,         // 409, reason Conflict: a precondition or a resourceVersion did not hold
  kGone,             // 410: the resourceVersion is too old, list again
  kInvalid,          // 400, 422: refused for what it says
  kUnauthorized,     // 401
  kForbidden,        // 403: RBAC, quota, admission
  kTooManyRequests,  // 429
  kUnavailable,      // 5xx
  kTimeout,          // no answer in time: the request may have taken effect
  kNetwork,          // no connection, or it broke: the request may have taken effect
  kTls,              // the certificate could not be verified, or no common protocol
  kMalformed,        // what came in cannot be read: JSON, YAML, a wrong type
  kTooLarge,         // over a bound of base/limits.h
  kInternal,         // a bug, or something nobody thought of
};

// The name of the code as it appears in logs and metrics: "NotFound".
std::string_view name(ErrorCode code);

// One of a Status' details.causes: the field that was refused, and why.
struct FieldCause {
  std::string field;    // "spec.ports[0].nodePort"
  std::string reason;   // "FieldValueInvalid"
  std::string message;  // for people

  bool operator==(const FieldCause&) const = default;
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // one sentence for people, without a full stop
  std::vector<FieldCause> causes = {};
  std::optional<std::chrono::milliseconds> retry_after = {};  // from Retry-After on 429 and 503

  // True when the same request may succeed later without anybody changing anything.
  bool transient() const;

  bool operator==(const Error&) const = default;
};

// "Conflict: the object has been modified".
std::string to_string(const Error& error);

// Called by Result<T>::value() on an error, which is a bug of the caller: throws std::logic_error.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

template <class T = void>
using Result = boost::system::result<T, Error>;

}  // namespace base
