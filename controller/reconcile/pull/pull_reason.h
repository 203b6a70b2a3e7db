// Finds out why a node cannot pull from a registry: from the message with which the kubelet and its
// container runtime report a failed pull, and, if nothing accepted the connection, from what is
// known of the node. The texts are those of containerd 1.6 to 2.x, CRI-O and cri-dockerd. All
// functions are pure and can be called on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reconcile {

// Why a pull failed, as users and tools read it.
namespace pull_reason {

// The node cannot pull.
inline constexpr std::string_view kRuntimeDown = "RuntimeDown";
inline constexpr std::string_view kNoDiskSpace = "NoDiskSpace";
inline constexpr std::string_view kPlainHttpRefused = "PlainHTTPRefused";
inline constexpr std::string_view kRuntimeMirror = "RuntimeMirror";
inline constexpr std::string_view kRegistryBlocked = "RegistryBlocked";
inline constexpr std::string_view kSignaturePolicy = "SignaturePolicy";
inline constexpr std::string_view kAuthRequired = "AuthRequired";
inline constexpr std::string_view kRegistryDown = "RegistryDown";
inline constexpr std::string_view kRegistryUnreachable = "RegistryUnreachable";
inline constexpr std::string_view kImageMissing = "ImageMissing";
inline constexpr std::string_view kRegistryError = "RegistryError";
inline constexpr std::string_view kLocalhostUnresolved = "LocalhostUnresolved";
inline constexpr std::string_view kLocalhostTimeout = "LocalhostTimeout";
inline constexpr std::string_view kConnectionCut = "ConnectionCut";
inline constexpr std::string_view kPullFailed = "PullFailed";

// Nothing on the node accepts connections to localhost:<nodePort>, because …
inline constexpr std::string_view kKubeProxyNftables = "KubeProxyNFTables";
inline constexpr std::string_view kKubeProxyIpvs = "KubeProxyIPVS";
inline constexpr std::string_view kKubeProxyLocalhostOff = "KubeProxyLocalhostOff";
inline constexpr std::string_view kNoKubeProxy = "NoKubeProxy";
inline constexpr std::string_view kIpv6Localhost = "IPv6Localhost";
inline constexpr std::string_view kPortInUse = "PortInUse";
inline constexpr std::string_view kBindForbidden = "BindForbidden";
inline constexpr std::string_view kNodeProxyNotReady = "NodeProxyNotReady";
inline constexpr std::string_view kLocalhostRefused = "LocalhostRefused";  // the cause is unknown

// The probe proved nothing: neither that the node can pull, nor that it cannot.
inline constexpr std::string_view kPlatformUnknown = "PlatformUnknown";
inline constexpr std::string_view kPullRateLimited = "PullRateLimited";
inline constexpr std::string_view kNodeFull = "NodeFull";
inline constexpr std::string_view kSandboxFailed = "SandboxFailed";
inline constexpr std::string_view kPullQueued = "PullQueued";
inline constexpr std::string_view kProbeEnded = "ProbeEnded";
inline constexpr std::string_view kProbeForbidden = "ProbeForbidden";
inline constexpr std::string_view kProbeNotPushed = "ProbeNotPushed";

}  // namespace pull_reason

// How a failed pull is judged.
enum class PullVerdict {
  kFailing,  // the node cannot pull
  kUnknown,  // the pull was not tried, or its failure says nothing about the node
};

struct PullReason {
  PullVerdict verdict = PullVerdict::kFailing;
  std::string_view reason;  // of pull_reason

  bool operator==(const PullReason&) const = default;
};

// Returns why a pull from localhost:<node_port> failed. `waiting_reason` and `message` are those of
// the container's state.waiting in the status of its Pod; only the first limits::kPullMessageBytes
// of the message are read. A refused connection is kLocalhostRefused: explain_refusal() knows more
// about it.
PullReason classify_pull_failure(std::string_view waiting_reason, std::string_view message,
                                 std::uint16_t node_port);

// How kube-proxy runs on a node.
enum class KubeProxyMode { kUnknown, kIptables, kNftables, kIpvs, kAbsent };

// What the node proxy reports of the port on its node.
enum class NodeProxyState {
  kAbsent,         // there is no node proxy on the node
  kNotReady,       // it does not report yet, or no longer
  kStandby,        // something else serves the port
  kServing,        // it serves the port
  kPortInUse,      // a program that is no registry listens on the port
  kBindForbidden,  // the kernel or the network plugin forbids it to listen on the port
};

// What is known of a node on which localhost:<nodePort> refuses connections.
struct RefusalFacts {
  NodeProxyState node_proxy = NodeProxyState::kAbsent;
  KubeProxyMode kube_proxy = KubeProxyMode::kUnknown;
  // kube-proxy runs with localhostNodePorts: false, or its nodePortAddresses have no loopback
  // address.
  bool localhost_node_ports_off = false;
  // `localhost` is ::1 only in the node's hosts file, or the Service has only IPv6 addresses.
  bool only_ipv6 = false;

  bool operator==(const RefusalFacts&) const = default;
};

// Returns the cause of a refused connection: what the node proxy reports, else how kube-proxy runs,
// else kLocalhostRefused.
std::string_view explain_refusal(const RefusalFacts& facts);

// Returns whether the node proxy can serve the port on a node that fails for this reason.
bool is_mended_by_node_proxy(std::string_view reason);

// Returns a message for users: the cause in one sentence, what to do in another, and the runtime's
// text, if there is one, without credentials and with at most limits::kRuntimeTextBytes. `reason`
// is one of pull_reason; any other reason comes from the kubelet, and the message names it.
std::string describe_pull_failure(std::string_view reason, std::string_view runtime_text,
                                  std::uint16_t node_port);

}  // namespace reconcile
