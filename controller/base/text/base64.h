// Base64 (RFC 4648, section 4), as used by Secrets, kubeconfigs and HTTP Basic authentication.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

// Skips white space. Returns nullopt for any other text that is not padded base64.
std::optional<std::string> decode_base64(std::string_view text);

// Returns base64 that was written without padding with the padding that decode_base64() expects.
std::string padded_base64(std::string text);

std::string encode_base64(std::string_view bytes);

}  // namespace base
