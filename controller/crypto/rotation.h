// Decides when the webhook's certificates are renewed, so that the API server is never served a
// certificate that it does not trust.
//
// A Secret holds CA certificates (the authorities, of which the newest signs) and one server
// certificate (the leaf), which every replica serves. The webhook configuration has the authorities
// as caBundle. The replicas and the API servers receive a change of these objects at different
// times:
//
//   the leaf is due                         →  a new leaf, signed by the newest authority
//   the newest authority is due             →  a new authority beside the old one; both are
//                                              trusted; the leaf stays
//   … trusted for the propagation time      →  a new leaf, signed by the new authority
//   … served for the propagation time       →  the old authority is dropped
//
// Guarantees
//  * After each step, the leaf that was served before is still trusted, and the leaf that is served
//    next is already trusted, if each step reaches all replicas and API servers within
//    RotationPolicy::propagation_time. After a change of the policy, each step has to reach them
//    within the shorter of the two propagation times.
//  * A certificate or key that cannot be read, does not match or has expired is replaced at once.
// Pure but for the randomness of keys; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace crypto {

// The content of the Secret: PEM texts, empty when absent.
struct StoredCertificates {
  std::string authorities;    // newest first
  std::string authority_key;  // private key of the newest authority
  std::string certificate;    // the leaf, which is served
  std::string key;            // private key of the leaf

  bool operator==(const StoredCertificates&) const = default;
};

using Duration = base::Time::duration;

struct RotationPolicy {
  std::string name;                // common name in the certificates, for the user
  std::vector<std::string> hosts;  // DNS names of the leaf; not empty
  Duration leaf;                   // lifetime of a leaf
  Duration authority;              // lifetime of an authority, several times `leaf`
  Duration propagation_time;       // time until a step has reached all replicas and API servers
};

// Returns the policy whose other times follow from the lifetime of a leaf.
RotationPolicy policy_for(Duration leaf, std::string name, std::vector<std::string> hosts);

struct Validity {
  base::Time made;
  base::Time until;
};

struct Leaf {
  Validity validity;
  std::size_t authority = 0;  // index of its signer in UsableParts::authorities
};

// The stored certificates and keys that can be used.
struct UsableParts {
  std::vector<Validity> authorities;  // newest first
  bool can_sign = false;              // authority_key is the key of the newest authority
  std::optional<Leaf> leaf;           // has its key, all hosts, and a signature by an authority
};

UsableParts find_usable_parts(const StoredCertificates& stored,
                              const std::vector<std::string>& hosts);

enum class RotationStep {
  kKeep,
  kReplaceAll,       // replaces everything: new authority, new leaf
  kIssueLeaf,        // new leaf, signed by the newest authority
  kAddAuthority,     // new authority; the leaf stays
  kDropAuthorities,  // drops all authorities but the newest
};

struct RotationDecision {
  RotationStep step = RotationStep::kKeep;
  std::string why;               // for the log
  std::optional<Duration> wait;  // kKeep: time until another step may be due; absent: not known
};

// Returns the next step. `trusted_for`: how long the caBundle has had the newest authority;
// nullopt: the caBundle does not have it yet.
RotationDecision decide(const UsableParts& usable, const RotationPolicy& policy, base::Time now,
                        std::optional<Duration> trusted_for);

// Returns the content of the Secret after the step. kInternal, kInvalid: the step failed.
base::Result<StoredCertificates> carry_out(RotationStep step, const StoredCertificates& stored,
                                           const RotationPolicy& policy, base::Time now);

// Returns when the leaf expires; nullopt when it cannot be read.
std::optional<base::Time> expiry(const StoredCertificates& stored);

// Returns the newest authority; empty when there is none.
std::string newest_authority(const StoredCertificates& stored);

}  // namespace crypto
