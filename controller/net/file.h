// Small files with secrets or certificates. Pure but for the file; any thread.
#pragma once

#include <string>

#include "base/error.h"

namespace net {

// The content of a file of at most limits::kCredentialBytes. kNotFound, kInvalid (cannot be read,
// not a plain file), kTooLarge; the message names the file.
base::Result<std::string> read_credential_file(const std::string& path);

}  // namespace net
