// Reads small files that hold secrets or certificates. The function can be called on any thread.
#pragma once

#include <string>

#include "base/error.h"

namespace net {

// Returns the content of a file. kNotFound: the file does not exist. kInvalid: it cannot be read or
// is a directory. kTooLarge: it has more than limits::kCredentialBytes. The message names the file.
base::Result<std::string> read_credential_file(const std::string& path);

}  // namespace net
