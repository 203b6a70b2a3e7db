#include "reconcile/pull/pull_reason.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/limits.h"
#include "base/text/quote.h"
#include "base/text/text.h"

namespace reconcile {
namespace {

// A failed pull, as the rules see it.
struct FailedPull {
  std::string_view waiting_reason;
  std::string_view message;
  std::vector<std::string_view> hosts;  // of the URLs in `message`
  std::string registry;                 // "localhost:<nodePort>"
  int http_status = 0;                  // HTTP status that `message` reports; 0: it reports none
};

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

template <std::size_t N>
bool has_any(std::string_view text, const std::array<std::string_view, N>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [text](std::string_view part) { return has(text, part); });
}

// Returns the host and port of each HTTP URL in the text, without user:password.
std::vector<std::string_view> hosts_in(std::string_view text) {
  constexpr std::string_view kEnds = "/\"'`?#\\ \t\n,;)";
  std::vector<std::string_view> hosts;
  for (std::size_t at = 0; (at = text.find("://", at)) != std::string_view::npos;) {
    const std::string_view before = text.substr(0, at);
    const std::size_t begin = at += 3;
    if (!before.ends_with("http") && !before.ends_with("https")) continue;
    at = std::min(text.find_first_of(kEnds, begin), text.size());
    if (at == text.size() && text.size() == limits::kPullMessageBytes) break;  // cut off
    const std::string_view authority = text.substr(begin, at - begin);
    const std::string_view host = authority.substr(authority.rfind('@') + 1);
    if (!host.empty()) hosts.push_back(host);
  }
  return hosts;
}

// Returns the first number 4xx or 5xx that stands alone; 0 if there is none.
int first_status(std::string_view text) {
  constexpr std::size_t kDigits = 3;
  const auto is_part_of_word = [](char character) {
    return base::is_alphanumeric(character) || character == '.' || character == '-' ||
           character == '_';
  };
  for (std::size_t at = 0; at + kDigits <= text.size(); ++at) {
    if ((text[at] != '4' && text[at] != '5') || !base::is_digit(text[at + 1]) ||
        !base::is_digit(text[at + 2])) {
      continue;
    }
    if (at > 0 && is_part_of_word(text[at - 1])) continue;
    if (at + kDigits < text.size() && is_part_of_word(text[at + kDigits])) continue;
    return (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  }
  return 0;
}

// Returns the text without the URLs in it, which have ports and names of their own.
std::string without_urls(std::string_view text) {
  std::string rest;
  std::size_t at = 0;
  for (std::size_t found; (found = text.find("://", at)) != std::string_view::npos;) {
    rest += text.substr(at, found - at);
    at = std::min(text.find_first_of(" \"'\t\n", found), text.size());
  }
  return rest.append(text.substr(at));
}

// Returns the HTTP status that the message names; 0 if it names none. Digits elsewhere, such as a
// port or a part of a digest, are not taken for a status.
int http_status_in(std::string_view message) {
  constexpr std::array<std::string_view, 4> kMarks = {"status code", "StatusCode", "HTTP status",
                                                      "unexpected status"};
  const std::string text = without_urls(message);
  for (const std::string_view mark : kMarks) {
    const std::size_t at = text.find(mark);
    if (at == std::string::npos) continue;
    if (const int status = first_status(std::string_view(text).substr(at + mark.size())))
      return status;
  }
  return 0;
}

struct Rule {
  PullReason result;
  bool (*matches)(const FailedPull& pull);
};

// The first rule that matches decides. The order matters: several messages end in ": not found",
// and most name a URL.
constexpr Rule kRules[] = {
    {{PullVerdict::kFailing, pull_reason::kRuntimeDown},
     [](const FailedPull& pull) {
       constexpr std::array<std::string_view, 6> kTexts = {"containerd.sock",
                                                           "crio.sock",
                                                           "dial unix",
                                                           "error reading from server",
                                                           "transport is closing",
                                                           "Cannot connect to the Docker daemon"};
       return has_any(pull.message, kTexts);
     }},
    {{PullVerdict::kFailing, pull_reason::kNoDiskSpace},
     [](const FailedPull& pull) { return has(pull.message, "no space left on device"); }},
    {{PullVerdict::kUnknown, pull_reason::kPlatformUnknown},
     [](const FailedPull& pull) {
       constexpr std::array<std::string_view, 2> kTexts = {"no match for platform",
                                                           "no image found in image index"};
       return has_any(pull.message, kTexts);
     }},
    {{PullVerdict::kFailing, pull_reason::kPlainHttpRefused},
     [](const FailedPull& pull) {
       return has(pull.message, "server gave HTTP response to HTTPS client") &&
              base::is_one_of(pull.registry, pull.hosts);
     }},
    {{PullVerdict::kFailing, pull_reason::kRuntimeMirror},
     [](const FailedPull& pull) {
       return has(pull.message, "?ns=localhost") ||
              std::any_of(pull.hosts.begin(), pull.hosts.end(),
                          [&pull](std::string_view host) { return host != pull.registry; });
     }},
    {{PullVerdict::kFailing, pull_reason::kRegistryBlocked},
     [](const FailedPull& pull) { return has(pull.message, "is blocked in"); }},
    {{PullVerdict::kFailing, pull_reason::kSignaturePolicy},
     [](const FailedPull& pull) {
       return pull.waiting_reason == "SignatureValidationFailed" ||
              has(pull.message, "SignatureValidationFailed") ||
              has(pull.message, "A signature was required");
     }},
    {{PullVerdict::kFailing, pull_reason::kAuthRequired},
     [](const FailedPull& pull) {
       return pull.http_status == 401 || pull.http_status == 403 ||
              has(pull.message, "insufficient_scope") ||
              has(pull.message, "authentication required");
     }},
    {{PullVerdict::kFailing, pull_reason::kRegistryDown},
     [](const FailedPull& pull) { return pull.http_status == 503; }},
    {{PullVerdict::kFailing, pull_reason::kRegistryUnreachable},
     [](const FailedPull& pull) { return pull.http_status == 502; }},
    {{PullVerdict::kFailing, pull_reason::kImageMissing},
     [](const FailedPull& pull) {
       constexpr std::array<std::string_view, 3> kTexts = {": not found", "manifest unknown",
                                                           "name unknown"};
       return pull.http_status == 404 || has_any(pull.message, kTexts);
     }},
    {{PullVerdict::kFailing, pull_reason::kRegistryError},
     [](const FailedPull& pull) { return pull.http_status >= 500; }},
    {{PullVerdict::kFailing, pull_reason::kLocalhostUnresolved},
     [](const FailedPull& pull) { return has(pull.message, "lookup localhost"); }},
    {{PullVerdict::kFailing, pull_reason::kLocalhostRefused},
     [](const FailedPull& pull) {
       return pull.waiting_reason == "RegistryUnavailable" ||
              has(pull.message, "connection refused");
     }},
    {{PullVerdict::kFailing, pull_reason::kLocalhostTimeout},
     [](const FailedPull& pull) {
       constexpr std::array<std::string_view, 3> kTexts = {"i/o timeout", "deadline exceeded",
                                                           "TLS handshake timeout"};
       return has_any(pull.message, kTexts);
     }},
    {{PullVerdict::kFailing, pull_reason::kConnectionCut},
     [](const FailedPull& pull) {
       constexpr std::array<std::string_view, 3> kTexts = {"connection reset", "unexpected EOF",
                                                           ": EOF"};
       return has_any(pull.message, kTexts);
     }},
    {{PullVerdict::kUnknown, pull_reason::kPullRateLimited},
     [](const FailedPull& pull) { return has(pull.message, "pull QPS exceeded"); }},
};

// What users read for each reason. "{0}" stands for the node port.
struct Explanation {
  std::string_view reason;
  std::string_view cause;
  std::string_view remedy;
};

constexpr Explanation kExplanations[] = {
    {pull_reason::kRuntimeDown, "The node's container runtime does not answer the kubelet.",
     "Start the container runtime of the node."},
    {pull_reason::kNoDiskSpace, "The node's disk for images is full.",
     "Remove images or other files from the node's image disk."},
    {pull_reason::kPlainHttpRefused,
     "The node's container runtime accepts only HTTPS from localhost:{0}, and the registry speaks "
     "plain HTTP.",
     "CRI-O: write [[registry]], location = \"localhost:{0}\" and insecure = true to "
     "/etc/containers/registries.conf.d/50-localregistry.conf and run systemctl reload crio. "
     "OpenShift: add localhost:{0} to spec.registrySources.insecureRegistries of "
     "image.config.openshift.io/cluster. containerd: upgrade it, or write server = "
     "\"http://localhost:{0}\" to certs.d/localhost:{0}/hosts.toml."},
    {pull_reason::kRuntimeMirror,
     "The node's container runtime sends pulls from localhost:{0} to a mirror.",
     "Exclude localhost from the mirrors in the configuration of the container runtime."},
    {pull_reason::kRegistryBlocked, "The node's registries.conf blocks pulls from localhost:{0}.",
     "Remove the block from the node's registries.conf."},
    {pull_reason::kSignaturePolicy,
     "The node's signature policy accepts only signed images, and images in localhost:{0} are not "
     "signed.",
     "Exclude localhost:{0} from the signature policy of the node."},
    {pull_reason::kAuthRequired, "A server on localhost:{0} requires authentication.",
     "Find out which program listens on port {0} of the node: the registry requires none."},
    {pull_reason::kRegistryDown, "The registry does not run.",
     "See the condition Available of the LocalRegistry."},
    {pull_reason::kRegistryUnreachable, "The node cannot reach the registry's pod.",
     "Allow connections from the nodes to the registry's port in the NetworkPolicies of its "
     "namespace, and check the pod network of the node."},
    {pull_reason::kImageMissing, "The server on localhost:{0} does not have the probe image.",
     "Find out whether another registry listens on port {0} of the node."},
    {pull_reason::kRegistryError, "The registry answers with an error.",
     "See the log of the registry's pod."},
    {pull_reason::kLocalhostUnresolved, "The node cannot resolve the name localhost.",
     "Add localhost to /etc/hosts of the node."},
    {pull_reason::kLocalhostTimeout, "Connections to localhost:{0} get no answer on the node.",
     "Check the node's firewall for rules about the interface lo, or enable the node proxy (chart "
     "value nodeProxy.enabled)."},
    {pull_reason::kConnectionCut, "Connections to localhost:{0} break on the node.",
     "See the log of the registry's pod for the same time."},
    {pull_reason::kPullFailed, "The node cannot pull from localhost:{0}.",
     "The operator does not know this error: see the log of the node's container runtime."},
    {pull_reason::kKubeProxyNftables,
     "kube-proxy runs in nftables mode, which does not serve node ports on localhost.",
     "Enable the node proxy (chart value nodeProxy.enabled), or run kube-proxy in iptables mode."},
    {pull_reason::kKubeProxyIpvs,
     "kube-proxy runs in ipvs mode, which does not serve node ports on localhost.",
     "Enable the node proxy (chart value nodeProxy.enabled), or run kube-proxy in iptables mode."},
    {pull_reason::kKubeProxyLocalhostOff,
     "kube-proxy is configured not to serve node ports on localhost.",
     "Enable the node proxy (chart value nodeProxy.enabled), or set localhostNodePorts: true and "
     "add 127.0.0.0/8 to nodePortAddresses in the configuration of kube-proxy."},
    {pull_reason::kNoKubeProxy,
     "No kube-proxy runs on the node, and its network plugin does not serve node ports on "
     "localhost.",
     "Enable the node proxy (chart value nodeProxy.enabled)."},
    {pull_reason::kIpv6Localhost,
     "localhost is only ::1 on the node, and node ports are not served there.",
     "Enable the node proxy (chart value nodeProxy.enabled), or add \"127.0.0.1 localhost\" to "
     "/etc/hosts of the node."},
    {pull_reason::kPortInUse, "Another program listens on port {0} of the node.",
     "Stop that program, or set spec.nodePort to another port."},
    {pull_reason::kBindForbidden,
     "The node proxy is not allowed to listen on port {0} of the node.",
     "Allow it to listen on node ports, or let the network plugin serve them on localhost."},
    {pull_reason::kNodeProxyNotReady, "The node proxy on the node is not ready.",
     "See the pod of the node proxy on the node."},
    {pull_reason::kLocalhostRefused, "Nothing on the node accepts connections to localhost:{0}.",
     "Enable the node proxy (chart value nodeProxy.enabled). Known causes: kube-proxy in nftables "
     "or ipvs mode, kube-proxy with localhostNodePorts: false, a network plugin that replaces "
     "kube-proxy, or a localhost that is only ::1."},
    {pull_reason::kPlatformUnknown,
     "The probe image has no program for the node's CPU architecture.",
     "Whether the node can pull stays unknown."},
    {pull_reason::kPullRateLimited,
     "The kubelet limits the rate of pulls on the node (registryPullQPS).",
     "The operator checks the node again later."},
    {pull_reason::kNodeFull, "The node has no room for the probe Pod.",
     "The operator checks the node again later."},
    {pull_reason::kSandboxFailed, "The kubelet cannot set up the network of a Pod on the node.",
     "Check the network plugin on the node."},
    {pull_reason::kPullQueued,
     "The pull did not end within 5 minutes: the kubelet is busy with other pulls, or gets no "
     "answer.",
     "The operator checks the node again later."},
    {pull_reason::kProbeEnded, "The probe Pod on the node ended before the pull.",
     "The operator checks the node again later."},
    {pull_reason::kProbeForbidden,
     "The API server refused the probe Pod, because of a policy or a quota.",
     "Allow small Pods in the operator's namespace, 20 at a time."},
    {pull_reason::kProbeNotPushed, "The operator cannot push the probe image to the registry.",
     "If a NetworkPolicy applies to the operator, allow egress to the registries."},
};

// Returns the text with "…@" instead of the user and the password in each URL.
std::string without_credentials(std::string_view text) {
  std::string whole;
  while (!text.empty()) {
    const std::size_t begin = text.find("://");
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of("/\"'` \t\n", begin + 3), text.size());
    const std::size_t at = text.substr(0, end).rfind('@');
    whole += text.substr(0, begin + 3);
    const bool has_user = at != std::string_view::npos && at >= begin + 3;
    if (has_user) whole += "…";
    whole += text.substr(has_user ? at : begin + 3, end - (has_user ? at : begin + 3));
    text.remove_prefix(end);
  }
  return whole.append(text);
}

}  // namespace

PullReason classify_pull_failure(std::string_view waiting_reason, std::string_view message,
                                 std::uint16_t node_port) {
  message = message.substr(0, limits::kPullMessageBytes);
  const FailedPull pull = {waiting_reason, message, hosts_in(message),
                           fmt::format("localhost:{}", node_port), http_status_in(message)};
  const auto* rule = std::find_if(std::begin(kRules), std::end(kRules),
                                  [&pull](const Rule& one) { return one.matches(pull); });
  if (rule != std::end(kRules)) return rule->result;
  return {PullVerdict::kFailing, pull_reason::kPullFailed};
}

std::string_view explain_refusal(const RefusalFacts& facts) {
  switch (facts.node_proxy) {
    case NodeProxyState::kPortInUse: return pull_reason::kPortInUse;
    case NodeProxyState::kBindForbidden: return pull_reason::kBindForbidden;
    case NodeProxyState::kNotReady: return pull_reason::kNodeProxyNotReady;
    case NodeProxyState::kAbsent:
    case NodeProxyState::kStandby:
    case NodeProxyState::kServing: break;
  }
  switch (facts.kube_proxy) {
    case KubeProxyMode::kNftables: return pull_reason::kKubeProxyNftables;
    case KubeProxyMode::kIpvs: return pull_reason::kKubeProxyIpvs;
    case KubeProxyMode::kAbsent: return pull_reason::kNoKubeProxy;
    case KubeProxyMode::kIptables:
    case KubeProxyMode::kUnknown: break;
  }
  if (facts.localhost_node_ports_off) return pull_reason::kKubeProxyLocalhostOff;
  if (facts.only_ipv6) return pull_reason::kIpv6Localhost;
  return pull_reason::kLocalhostRefused;
}

bool is_mended_by_node_proxy(std::string_view reason) {
  constexpr std::array<std::string_view, 7> kMended = {
      pull_reason::kKubeProxyNftables,     pull_reason::kKubeProxyIpvs,
      pull_reason::kKubeProxyLocalhostOff, pull_reason::kNoKubeProxy,
      pull_reason::kIpv6Localhost,         pull_reason::kLocalhostRefused,
      pull_reason::kLocalhostTimeout};
  return std::find(kMended.begin(), kMended.end(), reason) != kMended.end();
}

std::string describe_pull_failure(std::string_view reason, std::string_view runtime_text,
                                  std::uint16_t node_port) {
  const auto* found =
      std::find_if(std::begin(kExplanations), std::end(kExplanations),
                   [reason](const Explanation& one) { return one.reason == reason; });
  std::string message =
      found == std::end(kExplanations)
          ? fmt::format("The kubelet did not start the probe Pod: {}.", base::shown(reason))
          : fmt::format(fmt::runtime(fmt::format("{} {}", found->cause, found->remedy)), node_port);
  if (runtime_text.empty()) return message;
  const std::string text = without_credentials(runtime_text.substr(0, limits::kPullMessageBytes));
  return fmt::format("{} The container runtime reports: {}", message,
                     base::cut_line(text, limits::kRuntimeTextBytes));
}

}  // namespace reconcile
