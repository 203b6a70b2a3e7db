// Outcome is the result of a command of the plugin: a value such as the exit code, or the Failure
// that ended the command. Values; any thread.
#pragma once

#include <boost/system/result.hpp>
#include <string>

#include "base/error.h"

namespace cli {

// Exit codes of the plugin, which --help documents. exec returns the exit code of its command
// instead.
enum class ExitCode {
  kOk = 0,
  kFailure = 1,        // the cluster, a registry or a file: the message says which
  kUsage = 2,          // flags or arguments; also when a LocalRegistry has to be named
  kConfiguration = 3,  // no usable kubeconfig
  kNotFound = 4,       // no such LocalRegistry or image
  kNotReady = 5,       // not ready in time, or no registry runs
};

struct Failure {
  ExitCode code = ExitCode::kFailure;
  std::string message;  // one sentence for people, without a full stop

  bool operator==(const Failure&) const = default;
};

// Called by Outcome<T>::value() on a failure, which is a bug of the caller: throws
// std::logic_error.
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location&);

template <class T = void>
using Outcome = boost::system::result<T, Failure>;

// Converts an error: kNotFound becomes ExitCode::kNotFound, every other code kFailure.
Failure failure_of(const base::Error& error);

}  // namespace cli
