// This file defines Error, the error type of the program, and Result<T>, which holds a value or an
// Error.
//
// An error that the API server or a registry reports (NotFound, Conflict, Gone, Invalid, …) is
// returned as a Result. Exceptions are only for bugs, for errors at program start and for cancelled
// coroutines. The types are plain values and can be used on any thread.
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
  kConflict,         // 409, reason Conflict: the resourceVersion or a precondition does not match
  kGone,             // 410: the resourceVersion is too old; list again
  kInvalid,          // 400, 422: the content of the request was rejected
  kUnauthorized,     // 401
  kForbidden,        // 403: refused by RBAC, quota or admission
  kTooManyRequests,  // 429
  kUnavailable,      // 5xx (the API server's 504 is kTimeout)
  kTimeout,          // no answer in time; the request may have taken effect
  kNetwork,          // connection failed or broken; the request may have taken effect
  kTls,              // untrusted certificate, or no common TLS version
  kMalformed,        // input that cannot be decoded: invalid JSON or YAML, or a wrong type
  kTooLarge,         // 413, or above a bound of base/limits.h
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

  // Returns true for both kinds of a 409: another client was faster to create or change the object.
  bool lost_race() const;

  // Returns whether a retry may succeed although no user changes anything.
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

// Result<T>::value() calls this function when the Result holds an error, which is a bug of the
// caller. Throws std::logic_error.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

template <class T = void>
using Result = boost::system::result<T, Error>;

}  // namespace base
