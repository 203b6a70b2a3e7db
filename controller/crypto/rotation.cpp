#include "crypto/rotation.h"

#include <algorithm>

#include "base/limits.h"
#include "crypto/certificate.h"

namespace crypto {
namespace {

constexpr int kAuthorityLeaves = 4;    // an authority lives as long as four leaves
constexpr int kPropagationParts = 20;  // the propagation time is at most 1/20 of a leaf's lifetime
constexpr int kRenewNumerator = 2;     // a leaf is renewed after two thirds of its lifetime
constexpr int kRenewDenominator = 3;
constexpr int kKept = 2;  // old authorities that add_authority() keeps at most

Validity validity_of(const Certificate& certificate) {
  return {certificate.from + limits::kCertificateBackdate, certificate.until};
}

// Returns the stored certificates that can be read and are authorities, newest first.
std::vector<std::string> authorities_of(const StoredCertificates& stored) {
  std::vector<std::string> texts = split_certificates(stored.authorities);
  std::erase_if(texts, [](const std::string& text) {
    const auto read = read_certificate(text);
    return !read || !read->is_authority;
  });
  return texts;
}

bool covers(const std::vector<std::string>& has, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& host) {
    return std::find(has.begin(), has.end(), host) != has.end();
  });
}

std::optional<Leaf> leaf_of(const StoredCertificates& stored,
                            const std::vector<std::string>& authorities,
                            const std::vector<std::string>& hosts) {
  const auto read = read_certificate(stored.certificate);
  if (!read || !covers(read->hosts, hosts) || !has_key(stored.certificate, stored.key)) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < authorities.size(); ++i) {
    if (is_signed_by(stored.certificate, authorities[i])) return Leaf{validity_of(*read), i};
  }
  return std::nullopt;
}

Duration renewal_of(Duration leaf) { return leaf * kRenewNumerator / kRenewDenominator; }

Duration propagation_time_of(Duration leaf) {
  return std::min<Duration>(leaf / kPropagationParts, limits::kCertificatePropagation);
}

// Returns the time at which the leaf is due for renewal: policy.leaf * 2/3 after it was issued, or
// policy.leaf * 1/3 before it expires, whichever is earlier. So a leaf that was issued with a
// longer lifetime, under an earlier policy, is renewed as if the current policy had issued it.
base::Time leaf_due(const Validity& leaf, const RotationPolicy& policy) {
  const Duration renew = renewal_of(policy.leaf);
  return std::min(leaf.made + renew, leaf.until - (policy.leaf - renew));
}

base::Time authority_due(const Validity& authority, const RotationPolicy& policy) {
  return std::min(authority.made + policy.authority, authority.until) - policy.leaf;
}

// Returns how much longer a new authority must be trusted before it signs a leaf. The total is
// policy.propagation_time. But a leaf of an earlier policy with a shorter lifetime may expire
// before that. Then the authority signs as soon as that leaf is due under its own policy, but not
// before the propagation time of that policy.
Duration time_until_signing(const Validity& leaf, const RotationPolicy& policy, base::Time now,
                            Duration trusted_for) {
  const Duration length = leaf.until - leaf.made;
  const Duration min = propagation_time_of(length) - trusted_for;
  const Duration lasts = leaf.made + renewal_of(length) - now;
  return std::min(policy.propagation_time - trusted_for, std::max(min, lasts));
}

base::Result<KeyPair> new_authority(const RotationPolicy& policy, base::Time now) {
  Certificate wanted;
  wanted.name = base::format_seconds(now) + " " + policy.name;
  wanted.from = now - limits::kCertificateBackdate;
  wanted.until = now + policy.authority;
  return make_authority(wanted);
}

base::Result<StoredCertificates> issue_leaf(StoredCertificates stored, const RotationPolicy& policy,
                                            base::Time now) {
  const std::string authority = newest_authority(stored);
  const auto read = read_certificate(authority);
  if (!read) return read.error();
  Certificate wanted;
  wanted.name = policy.name;
  wanted.hosts = policy.hosts;
  wanted.from = now - limits::kCertificateBackdate;
  wanted.until = std::min(now + policy.leaf, read->until);
  base::Result<KeyPair> made = issue(wanted, {authority, stored.authority_key});
  if (!made) return made.error();
  stored.certificate = std::move(made->certificate);
  stored.key = std::move(made->key);
  return stored;
}

// Adds a new authority before the old ones. Keeps the old authority that signed the current leaf,
// and the next older one, because another replica may still serve a leaf that it signed. Drops all
// others.
base::Result<StoredCertificates> add_authority(StoredCertificates stored,
                                               const RotationPolicy& policy, base::Time now) {
  base::Result<KeyPair> made = new_authority(policy, now);
  if (!made) return made.error();
  const std::vector<std::string> authorities = authorities_of(stored);
  const auto needed = std::find_if(
      authorities.begin(), authorities.end(),
      [&](const std::string& authority) { return is_signed_by(stored.certificate, authority); });
  stored.authorities = std::move(made->certificate);
  for (auto kept = needed; kept != authorities.end() && kept - needed < kKept; ++kept) {
    stored.authorities += *kept;
  }
  stored.authority_key = std::move(made->key);
  return stored;
}

}  // namespace

RotationPolicy policy_for(Duration leaf, std::string name, std::vector<std::string> hosts) {
  return {std::move(name), std::move(hosts), leaf, leaf * kAuthorityLeaves,
          propagation_time_of(leaf)};
}

UsableParts find_usable_parts(const StoredCertificates& stored,
                              const std::vector<std::string>& hosts) {
  UsableParts usable;
  const std::vector<std::string> authorities = authorities_of(stored);
  for (const std::string& authority : authorities) {
    usable.authorities.push_back(validity_of(*read_certificate(authority)));
  }
  usable.can_sign = !authorities.empty() && has_key(authorities.front(), stored.authority_key);
  usable.leaf = leaf_of(stored, authorities, hosts);
  return usable;
}

RotationDecision decide(const UsableParts& usable, const RotationPolicy& policy, base::Time now,
                        std::optional<Duration> trusted_for) {
  const auto& authorities = usable.authorities;
  const bool can_sign = usable.can_sign && now < authorities.front().until;
  const bool has_leaf = usable.leaf && now < usable.leaf->validity.until &&
                        now < authorities[usable.leaf->authority].until;
  if (!has_leaf) {
    if (!can_sign) return {RotationStep::kReplaceAll, "there is no usable CA", {}};
    return {RotationStep::kIssueLeaf, "there is no usable certificate", {}};
  }
  const Leaf& leaf = *usable.leaf;
  if (!can_sign)
    return {RotationStep::kAddAuthority, "the CA has expired or its key is missing", {}};
  const base::Time renewal = authority_due(authorities.front(), policy);
  if (now >= renewal) return {RotationStep::kAddAuthority, "the CA is due for renewal", {}};

  if (leaf.authority != 0) {
    if (!trusted_for)
      return {RotationStep::kKeep, "the API server does not trust the new CA yet", {}};
    const Duration left = time_until_signing(leaf.validity, policy, now, *trusted_for);
    if (left > Duration())
      return {RotationStep::kKeep, "the API server has trusted the new CA only for a short time",
              left};
    return {RotationStep::kIssueLeaf, "the API server trusts the new CA", {}};
  }
  const base::Time due = leaf_due(leaf.validity, policy);
  if (now >= due) return {RotationStep::kIssueLeaf, "the certificate is due for renewal", {}};
  const base::Time next = std::min(due, renewal);
  if (authorities.size() == 1) return {RotationStep::kKeep, "", next - now};
  const base::Time propagated = leaf.validity.made + policy.propagation_time;
  if (now < propagated) return {RotationStep::kKeep, "", std::min(next, propagated) - now};
  return {RotationStep::kDropAuthorities, "no certificate of the old CA is served any more", {}};
}

base::Result<StoredCertificates> perform_step(RotationStep step, const StoredCertificates& stored,
                                              const RotationPolicy& policy, base::Time now) {
  StoredCertificates result = stored;
  switch (step) {
    case RotationStep::kKeep: return result;
    case RotationStep::kIssueLeaf: return issue_leaf(std::move(result), policy, now);
    case RotationStep::kAddAuthority: return add_authority(std::move(result), policy, now);
    case RotationStep::kDropAuthorities:
      result.authorities = newest_authority(stored);
      return result;
    case RotationStep::kReplaceAll: break;
  }
  base::Result<KeyPair> made = new_authority(policy, now);
  if (!made) return made.error();
  result.authorities = std::move(made->certificate);
  result.authority_key = std::move(made->key);
  return issue_leaf(std::move(result), policy, now);
}

std::optional<base::Time> expiry(const StoredCertificates& stored) {
  const auto read = read_certificate(stored.certificate);
  if (!read) return std::nullopt;
  return read->until;
}

std::string newest_authority(const StoredCertificates& stored) {
  const auto authorities = authorities_of(stored);
  return authorities.empty() ? "" : authorities.front();
}

}  // namespace crypto
