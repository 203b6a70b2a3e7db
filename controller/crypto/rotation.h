// This file decides when the certificates of the webhook are renewed, so that the webhook never
// serves a certificate that the API server does not trust.
//
// A Secret holds the CA certificates (the authorities) and one server certificate (the leaf). The
// newest authority signs new leaves. Every replica serves the leaf, and the caBundle of the
// MutatingWebhookConfiguration has the authorities. The replicas and the API servers receive a
// change of these objects at different times, so a renewal has these steps:
//
//   the leaf is due                         →  a new leaf, signed by the newest authority
//   the newest authority is due             →  a new authority beside the old one; both are
//                                              trusted; the leaf stays
//   … trusted for the propagation time      →  a new leaf, signed by the new authority
//   … served for the propagation time       →  the old authority is dropped
//
// Guarantees
//  * After each step, the API server trusts both the previous and the new leaf, if each step
//    reaches all replicas and API servers within RotationPolicy::propagation_time. After a change
//    of the policy, each step must reach them within the shorter of the two propagation times.
//  * A certificate or key that cannot be read, does not match or has expired is replaced at once.
// Apart from the random keys, the functions are pure; they can be called on any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace crypto {

// The content of the Secret, as PEM texts. A missing one is empty.
struct StoredCertificates {
  std::string authorities;    // newest first
  std::string authority_key;  // private key of the newest authority
  std::string certificate;    // the leaf, which is served
  std::string key;            // private key of the leaf

  bool operator==(const StoredCertificates&) const = default;
};

using Duration = base::Time::duration;

struct RotationPolicy {
  std::string name;                // common name in the certificates
  std::vector<std::string> hosts;  // DNS names of the leaf; not empty
  Duration leaf;                   // lifetime of a leaf
  Duration authority;              // lifetime of an authority, several times `leaf`
  Duration propagation_time;       // time until a step has reached all replicas and API servers
};

// Returns a policy in which all times follow from the lifetime of a leaf.
RotationPolicy policy_for(Duration leaf, std::string name, std::vector<std::string> hosts);

struct Validity {
  base::Time made;
  base::Time until;
};

struct Leaf {
  Validity validity;
  std::size_t authority = 0;  // index in UsableParts::authorities of the one that signed the leaf
};

// The stored certificates and keys that are usable.
struct UsableParts {
  std::vector<Validity> authorities;  // newest first
  bool can_sign = false;              // authority_key is the key of the newest authority
  std::optional<Leaf> leaf;  // only if it has its key, all hosts and a signature by an authority
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
  std::optional<Duration> wait;  // kKeep: time until the next step may be due; nullopt: unknown
};

// Returns the next step. `trusted_for`: how long the caBundle has contained the newest authority;
// nullopt when it does not contain that authority yet.
RotationDecision decide(const UsableParts& usable, const RotationPolicy& policy, base::Time now,
                        std::optional<Duration> trusted_for);

// Returns the content of the Secret after the step, or kInternal or kInvalid when the step fails.
base::Result<StoredCertificates> perform_step(RotationStep step, const StoredCertificates& stored,
                                              const RotationPolicy& policy, base::Time now);

// Returns the time at which the leaf expires, or nullopt when the leaf cannot be read.
std::optional<base::Time> expiry(const StoredCertificates& stored);

// Returns the newest authority, or an empty text when there is none.
std::string newest_authority(const StoredCertificates& stored);

}  // namespace crypto
