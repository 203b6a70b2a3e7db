// Names in the status of a LocalRegistry that both the operator and the kubectl plugin use. The
// other names are in reconcile/status/reasons.h. Constants only.
#pragma once

#include <string_view>

namespace api::condition {

inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kBuildKitReady = "BuildKitReady";

}  // namespace api::condition

// Reasons of Ready=False that pass without an action of the user.
namespace api::reason {

inline constexpr std::string_view kCheckingPush = "CheckingPush";
inline constexpr std::string_view kDeploying = "Deploying";
inline constexpr std::string_view kStarting = "Starting";
inline constexpr std::string_view kPending = "Pending";

}  // namespace api::reason
