// Outcome is the result of a command of the plugin: a value such as the exit code, or the Failure
// that ended the command. The types are plain values and can be used on any thread.
#pragma once

#include <boost/system/result.hpp>
#include <string>

#include "base/error.h"

namespace cli {

// ExitCode lists the exit codes of the plugin, which --help documents. The command exec returns the
// exit code of the command that it runs instead.
enum class ExitCode {
  kOk = 0,
  kFailure = 1,        // an error of the cluster, a registry or a file; see the message
  kUsage = 2,          // wrong flags or arguments, or a LocalRegistry must be named
  kConfiguration = 3,  // no usable kubeconfig
  kNotFound = 4,       // no such LocalRegistry or image
  kNotReady = 5,       // not ready in time, or no registry runs
};

struct Failure {
  ExitCode code = ExitCode::kFailure;
  std::string message;  // one sentence for people, without a full stop

  bool operator==(const Failure&) const = default;
};

// Outcome<T>::value() calls this function if the Outcome is a failure. It throws std::logic_error,
// because the caller must check for a failure first.
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location&);

template <class T = void>
using Outcome = boost::system::result<T, Failure>;

// Converts an error: kNotFound becomes ExitCode::kNotFound, every other code kFailure.
Failure failure_of(const base::Error& error);

}  // namespace cli
