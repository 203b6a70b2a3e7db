// When certificates are renewed, so that whoever trusts them never meets one that it does not know.
//
// A Secret holds authorities (the newest signs), and one certificate that every replica serves. The
// webhook configuration trusts the authorities. Both travel, and arrive at different times:
//
//   leaf grows old          →  new leaf by the newest authority
//   authority grows old     →  new authority beside the old one; both are trusted; the leaf stays
//   … trusted for a while   →  leaf by the new authority
//   … served for a while    →  the old authority goes
//
// Guarantees
//  * At each step what was served before is still trusted, and what is served next is trusted
//    already, if each step reaches everybody within Policy::settle. The same when the policy
//    changes, if they do within the settle of the shorter one.
//  * What cannot be read, does not belong together, or has expired is made anew at once.
// Pure but for the randomness of keys; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace pki {

// What the Secret holds. Texts in PEM; empty: nothing.
struct Stored {
  std::string authorities;    // newest first
  std::string authority_key;  // of the newest
  std::string certificate;    // that is served
  std::string key;            // of it

  bool operator==(const Stored&) const = default;
};

using Duration = base::Time::duration;

struct Policy {
  std::string name;                // in the certificates, for people
  std::vector<std::string> hosts;  // what the certificate is for; not empty
  Duration leaf;                   // how long a certificate is good for
  Duration authority;              // several times that
  Duration settle;                 // until everybody has heard of a step
};

// The rule for how long all of it is, from the time that a certificate is good for.
Policy policy_for(Duration leaf, std::string name, std::vector<std::string> hosts);

struct Validity {
  base::Time made;
  base::Time until;
};

struct Leaf {
  Validity validity;
  std::size_t authority = 0;  // that signed it: its place in Holdings::authorities
};

// What of it can be used.
struct Holdings {
  std::vector<Validity> authorities;  // newest first
  bool can_sign = false;              // the newest has its key
  std::optional<Leaf> leaf;           // with its key, for all hosts, signed by an authority
};

Holdings examine(const Stored& stored, const std::vector<std::string>& hosts);

enum class Step {
  kKeep,
  kStartAnew,        // authority and leaf
  kIssueLeaf,        // by the newest authority
  kAddAuthority,     // the leaf stays
  kDropAuthorities,  // all but the newest
};

struct Decision {
  Step step = Step::kKeep;
  std::string why;               // for the log
  std::optional<Duration> wait;  // of kKeep: until something else may be decided
};

// trusted_for: how long the newest authority has been trusted; nothing: it is not yet.
Decision decide(const Holdings& holdings, const Policy& policy, base::Time now,
                std::optional<Duration> trusted_for);

// What the Secret is to hold after the step. kInternal, kInvalid: it cannot be done.
base::Result<Stored> carry_out(Step step, const Stored& stored, const Policy& policy,
                               base::Time now);

// When what is served expires; nothing when it cannot be read.
std::optional<base::Time> expiry(const Stored& stored);

// The newest of the authorities; empty when there is none.
std::string newest_authority(const Stored& stored);

}  // namespace pki
