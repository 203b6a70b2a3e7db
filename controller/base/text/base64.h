// These functions encode and decode Base64 (RFC 4648, section 4), which Secrets, kubeconfigs and
// HTTP Basic authentication use. They are pure and can be called on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

// Decodes padded Base64; white space is ignored. Returns nullopt when the text is not valid.
std::optional<std::string> decode_base64(std::string_view text);

// Returns base64 text that has no padding with the "=" appended that decode_base64() expects.
std::string padded_base64(std::string text);

std::string encode_base64(std::string_view bytes);

}  // namespace base
