// The error type of the program, and Result<T>, which carries it.
//
// An error that the API server or a registry answers with (NotFound, Conflict, Gone, Invalid, …)
// is a value and travels as a Result. Exceptions are for bugs, for errors at program start and for
// cancelled coroutines. Values; safe to use on any thread.
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
  kGone,             // 410: the resourceVersion is too old; list again
  kInvalid,          // 400, 422: the content of the request was rejected
  kUnauthorized,     // 401
  kForbidden,        // 403: RBAC, quota, admission
  kTooManyRequests,  // 429
  kUnavailable,      // 5xx (the API server's 504 is kTimeout)
  kTimeout,          // no answer in time: the request may have taken effect
  kNetwork,          // no or a broken connection: the request may have taken effect
  kTls,              // certificate not verified, or no common protocol version
  kMalformed,        // input that cannot be read: bad JSON or YAML, a wrong type
  kTooLarge,         // 413, or over a bound of base/limits.h
  kInternal,         // a bug, or an unforeseen failure
};

// Returns the name of the code as it appears in logs and metrics: "NotFound".
std::string_view name(ErrorCode code);

// An entry of details.causes in a metav1.Status: a rejected field and the reason.
struct FieldCause {
  std::string field;    // "spec.ports[0].nodePort"
  std::string reason;   // "FieldValueInvalid"
  std::string message;  // for the user

  bool operator==(const FieldCause&) const = default;
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // one sentence for the user, without a full stop
  std::vector<FieldCause> causes = {};
  std::optional<std::chrono::milliseconds> retry_after = {};  // from Retry-After on 429 and 503

  // Returns true when a retry may succeed without a change by a user.
  bool transient() const;

  // Returns true when one of the causes has this reason.
  bool has_cause(std::string_view reason) const;

  bool operator==(const Error&) const = default;
};

// Returns the code and the message: "Conflict: the object has been modified".
std::string to_string(const Error& error);

// Return an error of the code that their name has: kInvalid, kMalformed.
Error invalid(std::string message);
Error malformed(std::string message);

// Returns the error with the name of what it is about before its message: "{name}: {message}".
Error prefixed(std::string_view name, Error error);

// Result<T>::value() calls this on an error, which is a bug of the caller. Throws std::logic_error.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

template <class T = void>
using Result = boost::system::result<T, Error>;

}  // namespace base
