// Base64 (RFC 4648, section 4), as Secrets, kubeconfigs and HTTP's Basic use it. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

// White space is skipped; anything else that is not base64 with its padding gives nullopt.
std::optional<std::string> decode_base64(std::string_view text);

std::string encode_base64(std::string_view bytes);

}  // namespace base
