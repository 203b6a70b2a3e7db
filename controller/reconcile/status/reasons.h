// This file declares the types and reasons of conditions, which users and tools read. It has only
// constants.
#pragma once

#include <array>
#include <string_view>

#include "api/conditions.h"

namespace reconcile::condition {

using api::condition::kBuildKitReady;
using api::condition::kReady;
inline constexpr std::string_view kAccepted = "Accepted";
inline constexpr std::string_view kAvailable = "Available";
inline constexpr std::string_view kStorageReady = "StorageReady";
inline constexpr std::string_view kConverged = "Converged";
inline constexpr std::string_view kUpToDate = "UpToDate";
// This condition exists, with status True, only while children cannot be removed.
inline constexpr std::string_view kCleanupBlocked = "CleanupBlocked";

}  // namespace reconcile::condition

namespace reconcile::reason {

// Reasons of Accepted.
inline constexpr std::string_view kAccepted = "Accepted";
inline constexpr std::string_view kNameConflict = "NameConflict";
inline constexpr std::string_view kNamespaceNotAllowed = "NamespaceNotAllowed";
inline constexpr std::string_view kNamespaceNotFound = "NamespaceNotFound";
inline constexpr std::string_view kNamespaceTerminating = "NamespaceTerminating";
inline constexpr std::string_view kNamespaceNotWatched = "NamespaceNotWatched";
inline constexpr std::string_view kImageNotAllowed = "ImageNotAllowed";
inline constexpr std::string_view kPullSecretNotAllowed = "PullSecretNotAllowed";
inline constexpr std::string_view kInvalidSpec = "InvalidSpec";
inline constexpr std::string_view kTooLarge = "TooLarge";
inline constexpr std::string_view kNoRoom = "NoRoom";

// Reasons of StorageReady.
inline constexpr std::string_view kEphemeral = "Ephemeral";
inline constexpr std::string_view kBound = "Bound";
inline constexpr std::string_view kExpanding = "Expanding";
using api::reason::kPending;
inline constexpr std::string_view kLost = "Lost";
inline constexpr std::string_view kDeleting = "Deleting";
inline constexpr std::string_view kShrinkRefused = "ShrinkRefused";
inline constexpr std::string_view kStorageClassChangeRefused = "StorageClassChangeRefused";
inline constexpr std::string_view kExpansionRefused = "ExpansionRefused";

// Reasons of BuildKitReady.
inline constexpr std::string_view kLocalBuild = "LocalBuild";
inline constexpr std::string_view kPodSecurity = "PodSecurity";  // by the namespace's label
inline constexpr std::string_view kPodSecurityDefault =
    "PodSecurityDefault";  // by the cluster's default
using api::reason::kStarting;

// Reasons of Available. Others are the waiting reasons of a container, such as ImagePullBackOff.
inline constexpr std::string_view kAvailable = "Available";
using api::reason::kDeploying;
inline constexpr std::string_view kUnschedulable = "Unschedulable";
inline constexpr std::string_view kQuotaExceeded = "QuotaExceeded";
inline constexpr std::string_view kForbidden = "Forbidden";
inline constexpr std::string_view kNotObserved = "NotObserved";
inline constexpr std::string_view kImagePullBackOff = "ImagePullBackOff";
inline constexpr std::string_view kErrImagePull = "ErrImagePull";
inline constexpr std::string_view kCrashLoopBackOff = "CrashLoopBackOff";
inline constexpr std::string_view kOomKilled = "OOMKilled";
inline constexpr std::string_view kScaledToZero = "ScaledToZero";

// Reasons of UpToDate.
inline constexpr std::string_view kUpToDate = "UpToDate";
inline constexpr std::string_view kRestartLosesImages = "RestartLosesImages";

// Reasons of Ready, besides those of the conditions that make it False.
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kDisabled = "Disabled";
inline constexpr std::string_view kKindLoad = "KindLoad";
inline constexpr std::string_view kUpstream = "Upstream";
using api::reason::kCheckingPush;
inline constexpr std::string_view kSuspended = "Suspended";
inline constexpr std::string_view kNodePortTaken = "NodePortTaken";
inline constexpr std::string_view kNodePortOutOfRange = "NodePortOutOfRange";
inline constexpr std::array<std::string_view, 2> kPortRefusals = {kNodePortTaken,
                                                                  kNodePortOutOfRange};

// Reasons of Converged.
inline constexpr std::string_view kConverged = "Converged";
inline constexpr std::string_view kFieldOverridden = "FieldOverridden";
inline constexpr std::string_view kApplying = "Applying";
inline constexpr std::string_view kRejected = "Rejected";  // by the API server, as invalid

// Reasons that several conditions use.
inline constexpr std::string_view kNotDeployed = "NotDeployed";
inline constexpr std::string_view kFailed = "Failed";
// The reasons why a pod or another child cannot be created.
inline constexpr std::array<std::string_view, 4> kCreationRefusals = {kQuotaExceeded, kForbidden,
                                                                      kFailed, kPodSecurity};

}  // namespace reconcile::reason
