// Reads small files that hold secrets or certificates. Stateless; any thread.
#pragma once

#include <string>

#include "base/error.h"

namespace net {

// Returns the content of a file. kNotFound; kInvalid: the file cannot be read or is a directory;
// kTooLarge: more than limits::kCredentialBytes. The message names the file.
base::Result<std::string> read_credential_file(const std::string& path);

}  // namespace net
