// The name of the plugin's executable. Constant.
#pragma once

#include <string_view>

namespace cli {

// It is also the User-Agent of requests.
inline constexpr std::string_view kBinary = "kubectl-localregistry";

}  // namespace cli
