#include "crypto/rotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/limits.h"
#include "crypto/certificate.h"

namespace {

using namespace std::chrono_literals;
using crypto::Duration;
using crypto::RotationDecision;
using crypto::RotationPolicy;
using crypto::RotationStep;
using crypto::StoredCertificates;
using crypto::UsableParts;

const base::Time kStart = base::parse_time("2030-01-01T00:00:00Z").value();
const std::vector<std::string> kHosts = {"webhook.system.svc"};

RotationPolicy policy(Duration leaf = 90 * 24h) {
  return crypto::policy_for(leaf, "webhook", kHosts);
}

// Returns an authority and a leaf of these ages. Their lifetimes follow the policy of 90 days.
UsableParts usable(Duration authority_age, Duration leaf_age) {
  UsableParts usable;
  const base::Time authority = kStart - authority_age;
  const base::Time leaf = kStart - leaf_age;
  usable.authorities = {{authority, authority + policy().authority}};
  usable.can_sign = true;
  usable.leaf = crypto::Leaf{{leaf, leaf + policy().leaf}, 0};
  return usable;
}

RotationStep step(const UsableParts& usable, std::optional<Duration> trusted_for = std::nullopt) {
  return crypto::decide(usable, policy(), kStart, trusted_for).step;
}

TEST(Rotation, ThePolicyOfADefaultCertificate) {
  EXPECT_EQ(policy().authority, 360 * 24h);
  EXPECT_EQ(policy().propagation_time, limits::kCertificatePropagation);
  EXPECT_EQ(policy(60s).propagation_time, 3s);
}

TEST(Rotation, WithNothingAllIsMade) {
  EXPECT_EQ(step({}), RotationStep::kReplaceAll);
  UsableParts keyless = usable(0s, 0s);
  keyless.can_sign = false;
  keyless.leaf.reset();
  EXPECT_EQ(step(keyless), RotationStep::kReplaceAll);
}

TEST(Rotation, WhatIsFreshIsKeptUntilTheLeafHasGrownOld) {
  const RotationDecision decision = crypto::decide(usable(0s, 0s), policy(), kStart, 0s);
  EXPECT_EQ(decision.step, RotationStep::kKeep);
  EXPECT_EQ(decision.wait, 60 * 24h);
  EXPECT_EQ(step(usable(60 * 24h - 1s, 60 * 24h - 1s)), RotationStep::kKeep);
  EXPECT_EQ(step(usable(60 * 24h, 60 * 24h)), RotationStep::kIssueLeaf);
}

TEST(Rotation, AMissingOrExpiredLeafIsIssuedAtOnce) {
  UsableParts missing = usable(1h, 1h);
  missing.leaf.reset();
  EXPECT_EQ(step(missing), RotationStep::kIssueLeaf);
  EXPECT_EQ(step(usable(100 * 24h, 90 * 24h)), RotationStep::kIssueLeaf);
}

TEST(Rotation, ANewAuthorityComesWhileTheOldOneIsGoodForAWholeLeaf) {
  EXPECT_EQ(step(usable(270 * 24h - 1s, 10 * 24h)), RotationStep::kKeep);
  EXPECT_EQ(step(usable(270 * 24h, 10 * 24h)), RotationStep::kAddAuthority);
  UsableParts keyless = usable(1h, 1h);
  keyless.can_sign = false;
  EXPECT_EQ(step(keyless), RotationStep::kAddAuthority);
}

TEST(Rotation, TheNewAuthoritySignsOnceItHasBeenTrustedForAWhile) {
  UsableParts both = usable(1h, 10 * 24h);
  both.authorities.push_back({kStart - 271 * 24h, kStart + 89 * 24h});
  both.leaf->authority = 1;
  EXPECT_EQ(step(both), RotationStep::kKeep);
  EXPECT_EQ(step(both, limits::kCertificatePropagation - 1s), RotationStep::kKeep);
  EXPECT_EQ(crypto::decide(both, policy(), kStart, 60s).wait,
            limits::kCertificatePropagation - 60s);
  EXPECT_EQ(step(both, limits::kCertificatePropagation), RotationStep::kIssueLeaf);
}

TEST(Rotation, TheOldAuthorityGoesOnceTheNewLeafHasBeenServedForAWhile) {
  UsableParts both = usable(20 * 24h, 60s);
  both.authorities.push_back({kStart - 271 * 24h, kStart + 89 * 24h});
  const RotationDecision decision = crypto::decide(both, policy(), kStart, 1h);
  EXPECT_EQ(decision.step, RotationStep::kKeep);
  EXPECT_EQ(decision.wait, limits::kCertificatePropagation - 60s);
  both.leaf->validity.made = kStart - limits::kCertificatePropagation;
  EXPECT_EQ(step(both, 1h), RotationStep::kDropAuthorities);
}

TEST(Rotation, AShorterPolicyRenewsWhatALongerOneMade) {
  const RotationPolicy short_lived = policy(60s);
  const auto decided = [&](Duration age) {
    return crypto::decide(usable(age, age), short_lived, kStart, 1h).step;
  };
  EXPECT_EQ(decided(10s), RotationStep::kKeep);
  EXPECT_EQ(decided(41s), RotationStep::kIssueLeaf);
  EXPECT_EQ(decided(1h), RotationStep::kAddAuthority);
}

TEST(Rotation, ALongerPolicyDoesNotWaitForLongerThanWhatIsServedLasts) {
  const RotationPolicy longer = policy();
  const Duration leaf = 60s;  // under its own policy: propagation 3 s, renewal after 40 s
  const auto decided = [&](Duration age, std::optional<Duration> trusted_for) {
    UsableParts both;
    both.can_sign = true;
    both.authorities = {{kStart, kStart + longer.authority}, {kStart - age, kStart + 180s}};
    both.leaf = crypto::Leaf{{kStart - age, kStart - age + leaf}, 1};
    return crypto::decide(both, longer, kStart, trusted_for);
  };
  EXPECT_EQ(decided(30s, 5s).step, RotationStep::kKeep);
  EXPECT_EQ(decided(30s, 5s).wait, 10s);
  EXPECT_EQ(decided(30s, std::nullopt).step, RotationStep::kKeep);
  EXPECT_EQ(decided(40s, 2s).step, RotationStep::kKeep);
  EXPECT_EQ(decided(40s, 2s).wait, 1s);
  EXPECT_EQ(decided(40s, std::nullopt).step, RotationStep::kKeep);
  EXPECT_EQ(decided(40s, 3s).step, RotationStep::kIssueLeaf);
}

TEST(Rotation, AClockThatWentBackDoesNoHarm) {
  EXPECT_EQ(step(usable(-1h, -1h)), RotationStep::kKeep);
}

TEST(UsableParts, AreWhatIsReadFromTheTexts) {
  const StoredCertificates stored =
      crypto::carry_out(RotationStep::kReplaceAll, {}, policy(), kStart).value();
  const UsableParts usable = crypto::find_usable_parts(stored, kHosts);
  ASSERT_EQ(usable.authorities.size(), 1U);
  EXPECT_EQ(usable.authorities[0].made, kStart);
  EXPECT_EQ(usable.authorities[0].until, kStart + policy().authority);
  EXPECT_TRUE(usable.can_sign);
  ASSERT_TRUE(usable.leaf);
  EXPECT_EQ(usable.leaf->validity.made, kStart);
  EXPECT_EQ(usable.leaf->validity.until, kStart + policy().leaf);
  EXPECT_EQ(crypto::expiry(stored), kStart + policy().leaf);
}

TEST(UsableParts, WhatDoesNotBelongTogetherIsNotThere) {
  const StoredCertificates good =
      crypto::carry_out(RotationStep::kReplaceAll, {}, policy(), kStart).value();
  const StoredCertificates other =
      crypto::carry_out(RotationStep::kReplaceAll, {}, policy(), kStart).value();
  const auto with = [&](std::string StoredCertificates::*field, const std::string& text) {
    StoredCertificates stored = good;
    stored.*field = text;
    return crypto::find_usable_parts(stored, kHosts);
  };
  EXPECT_FALSE(with(&StoredCertificates::authority_key, other.authority_key).can_sign);
  EXPECT_FALSE(with(&StoredCertificates::authority_key, "nonsense").can_sign);
  EXPECT_FALSE(with(&StoredCertificates::key, other.key).leaf);
  EXPECT_FALSE(with(&StoredCertificates::certificate, other.certificate).leaf);
  EXPECT_FALSE(with(&StoredCertificates::authorities, other.authorities).leaf);
  EXPECT_FALSE(with(&StoredCertificates::authorities, "nonsense").can_sign);
  EXPECT_FALSE(with(&StoredCertificates::authorities, good.certificate).can_sign) << "no authority";
  EXPECT_FALSE(crypto::find_usable_parts(good, {"elsewhere.svc"}).leaf);
  EXPECT_EQ(
      crypto::decide(with(&StoredCertificates::authorities, "nonsense"), policy(), kStart, {}).step,
      RotationStep::kReplaceAll);
}

TEST(CarryOut, EachStepKeepsWhatIsServedTrusted) {
  StoredCertificates stored =
      crypto::carry_out(RotationStep::kReplaceAll, {}, policy(), kStart).value();
  const std::string first = crypto::newest_authority(stored);
  const std::string old_leaf = stored.certificate;
  stored = crypto::carry_out(RotationStep::kAddAuthority, stored, policy(), kStart + 1h).value();
  const std::string second = crypto::newest_authority(stored);
  EXPECT_NE(first, second);
  EXPECT_EQ(stored.authorities, second + first);
  EXPECT_EQ(stored.certificate, old_leaf);
  EXPECT_EQ(crypto::find_usable_parts(stored, kHosts).leaf->authority, 1U);
  stored = crypto::carry_out(RotationStep::kIssueLeaf, stored, policy(), kStart + 2h).value();
  EXPECT_EQ(stored.authorities, second + first);
  EXPECT_EQ(crypto::find_usable_parts(stored, kHosts).leaf->authority, 0U);
  stored = crypto::carry_out(RotationStep::kDropAuthorities, stored, policy(), kStart + 3h).value();
  EXPECT_EQ(stored.authorities, second);
  EXPECT_TRUE(crypto::find_usable_parts(stored, kHosts).leaf);
}

TEST(CarryOut, AnAuthorityThatSignedNothingThatIsServedIsNotKept) {
  StoredCertificates stored =
      crypto::carry_out(RotationStep::kReplaceAll, {}, policy(), kStart).value();
  const std::string first = crypto::newest_authority(stored);
  stored = crypto::carry_out(RotationStep::kAddAuthority, stored, policy(), kStart).value();
  stored = crypto::carry_out(RotationStep::kAddAuthority, stored, policy(), kStart).value();
  EXPECT_EQ(stored.authorities, crypto::newest_authority(stored) + first);
}

TEST(CarryOut, WhatMayStillBeServedSomewhereStaysTrustedWhenAnotherAuthorityComes) {
  StoredCertificates stored =
      crypto::carry_out(RotationStep::kReplaceAll, {}, policy(), kStart).value();
  const std::string first = crypto::newest_authority(stored);
  stored = crypto::carry_out(RotationStep::kAddAuthority, stored, policy(), kStart).value();
  const std::string second = crypto::newest_authority(stored);
  stored = crypto::carry_out(RotationStep::kIssueLeaf, stored, policy(), kStart).value();
  stored = crypto::carry_out(RotationStep::kAddAuthority, stored, policy(), kStart).value();
  const std::string third = crypto::newest_authority(stored);
  EXPECT_EQ(stored.authorities, third + second + first);
  stored = crypto::carry_out(RotationStep::kIssueLeaf, stored, policy(), kStart).value();
  stored = crypto::carry_out(RotationStep::kAddAuthority, stored, policy(), kStart).value();
  EXPECT_EQ(stored.authorities, crypto::newest_authority(stored) + third + second);
}

TEST(CarryOut, NoLeafOutlivesItsAuthority) {
  StoredCertificates stored =
      crypto::carry_out(RotationStep::kReplaceAll, {}, policy(), kStart).value();
  const base::Time late = kStart + policy().authority - 24h;
  stored = crypto::carry_out(RotationStep::kIssueLeaf, stored, policy(), late).value();
  EXPECT_EQ(crypto::expiry(stored), kStart + policy().authority);
}

// LongRun simulates a leader, a replica that serves and an API server that trusts. The replica and
// the API server see a change up to `propagation_time_` late.
class LongRun {
 public:
  LongRun(Duration leaf, unsigned seed)
      : policy_(crypto::policy_for(leaf, "webhook", kHosts)),
        leaf_(leaf),
        propagation_time_(policy_.propagation_time),
        random_(seed) {}

  void run(Duration length) {
    const base::Time end = now_ + length;
    while (now_ < end && !testing::Test::HasFailure()) {
      deliver();
      check();
      lead();
      now_ += between(propagation_time_ / 10, propagation_time_);
      if (random_() % 8 == 0) now_ += between(Duration(), leaf_ / 10);  // without a leader
    }
  }

  // Switches to the policy for `leaf`. Changes arrive as fast as before, or as fast as the new
  // policy expects.
  void change_policy(Duration leaf) {
    policy_ = crypto::policy_for(leaf, "webhook", kHosts);
    leaf_ = std::min(leaf_, leaf);
    propagation_time_ = std::min(propagation_time_, policy_.propagation_time);
    trusted_since_ = now_;  // a new leader knows no earlier time
  }

  std::map<RotationStep, int> steps;

 private:
  Duration between(Duration low, Duration high) {
    return low + (high - low) * static_cast<long>(random_() % 1000) / 1000;
  }

  void lead() {
    std::optional<Duration> trusted_for;
    if (trusted_since_) trusted_for = now_ - *trusted_since_;
    const RotationDecision decision =
        crypto::decide(crypto::find_usable_parts(stored_, kHosts), policy_, now_, trusted_for);
    ++steps[decision.step];
    if (decision.step == RotationStep::kKeep) return;
    stored_ = crypto::carry_out(decision.step, stored_, policy_, now_).value();
    changed_ = now_;
    if (decision.step == RotationStep::kAddAuthority ||
        decision.step == RotationStep::kReplaceAll) {
      trusted_since_ = now_;  // injected at once, seen later
    }
    if (decision.step == RotationStep::kReplaceAll) trusted_ = stored_.authorities;
  }

  // Delivers a change to the replica and the API server within `propagation_time_`.
  void deliver() {
    const Duration age = now_ - changed_;
    if (age >= propagation_time_ * 9 / 10 || random_() % 3 == 0) served_ = stored_.certificate;
    if (age >= propagation_time_ * 9 / 10 || random_() % 3 == 0) trusted_ = stored_.authorities;
  }

  void check() const {
    if (served_.empty()) return;
    const auto read = crypto::read_certificate(served_);
    ASSERT_LT(now_, read->until) << "it serves what has expired";
    bool trusted = false;
    for (const std::string& authority : crypto::split_certificates(trusted_)) {
      trusted = trusted || (crypto::is_signed_by(served_, authority) &&
                            now_ < crypto::read_certificate(authority)->until);
    }
    ASSERT_TRUE(trusted) << "it serves what is not trusted, at " << base::format_seconds(now_);
  }

  RotationPolicy policy_;
  Duration leaf_;              // the shortest so far
  Duration propagation_time_;  // the longest delay until a change arrives
  std::mt19937 random_;
  base::Time now_ = kStart;
  base::Time changed_ = kStart;
  StoredCertificates stored_;
  std::string served_;   // by the replica
  std::string trusted_;  // by the API server
  std::optional<base::Time> trusted_since_;
};

TEST(Rotation, InTheLongRunNothingIsServedThatIsNotTrusted) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    LongRun run(2h, seed);
    run.run(20h);
    EXPECT_EQ(run.steps[RotationStep::kReplaceAll], 1) << seed;
    EXPECT_GE(run.steps[RotationStep::kIssueLeaf], 10) << seed;
    EXPECT_GE(run.steps[RotationStep::kAddAuthority], 2) << seed;
    EXPECT_GE(run.steps[RotationStep::kDropAuthorities], 2) << seed;
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Rotation, AcrossAChangeOfPolicyNothingIsServedThatIsNotTrusted) {
  for (unsigned seed = 1; seed <= 2; ++seed) {
    for (const auto& [before, after] : {std::pair<Duration, Duration>(10min, 3h), {3h, 10min}}) {
      LongRun run(before, seed);
      run.run(before * seed * 9 / 10);
      run.change_policy(after);
      run.run(std::min(before, after) * 2);
      EXPECT_EQ(run.steps[RotationStep::kReplaceAll], 1) << seed;
      EXPECT_GE(run.steps[RotationStep::kIssueLeaf], 1) << seed;
      if (HasFailure()) FAIL() << "seed " << seed << ", " << before.count();
    }
  }
}

}  // namespace
