#include "reconcile/pull/pull_reason.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/limits.h"

namespace reconcile {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::uint16_t kPort = 32014;

// A file of pull_messages: headers, an empty line, and the text as a kubelet reported it.
struct Recorded {
  std::string reason;
  std::string verdict;
  std::string waiting;
  std::string text;
};

std::filesystem::path folder() {
  return std::filesystem::path(SOURCE_DIR) / "tests/unit/reconcile/pull_messages";
}

std::vector<std::string> recorded_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

Recorded read(const std::string& name) {
  std::ifstream file(folder() / (name + ".txt"));
  Recorded recorded;
  std::map<std::string, std::string*> headers = {
      {"reason", &recorded.reason}, {"verdict", &recorded.verdict}, {"waiting", &recorded.waiting}};
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const std::size_t colon = line.find(": ");
    *headers.at(line.substr(0, colon)) = line.substr(colon + 2);
  }
  std::getline(file, recorded.text);
  return recorded;
}

class RecordedPullMessage : public testing::TestWithParam<std::string> {};

TEST_P(RecordedPullMessage, HasItsReasonAndAnExplanation) {
  const Recorded recorded = read(GetParam());
  ASSERT_FALSE(recorded.text.empty());
  const PullReason found = classify_pull_failure(recorded.waiting, recorded.text, kPort);
  EXPECT_EQ(found.reason, recorded.reason);
  EXPECT_EQ(found.verdict == PullVerdict::kFailing ? "failing" : "unknown", recorded.verdict);
  const std::string message = describe_pull_failure(found.reason, recorded.text, kPort);
  EXPECT_THAT(message, Not(HasSubstr("{}")));
  EXPECT_THAT(message, HasSubstr("The container runtime reports: "));
}

INSTANTIATE_TEST_SUITE_P(All, RecordedPullMessage, testing::ValuesIn(recorded_names()),
                         [](const auto& one) {
                           std::string name = one.param;
                           for (char& character : name)
                             if (!std::isalnum(static_cast<unsigned char>(character)))
                               character = '_';
                           return name;
                         });

TEST(PullReason, EachReasonOfAFailedPullHasARecordedMessage) {
  std::set<std::string> recorded;
  for (const std::string& name : recorded_names()) recorded.insert(read(name).reason);
  for (const std::string_view reason :
       {pull_reason::kRuntimeDown, pull_reason::kNoDiskSpace, pull_reason::kPlainHttpRefused,
        pull_reason::kRuntimeMirror, pull_reason::kRegistryBlocked, pull_reason::kSignaturePolicy,
        pull_reason::kAuthRequired, pull_reason::kRegistryDown, pull_reason::kRegistryUnreachable,
        pull_reason::kImageMissing, pull_reason::kRegistryError, pull_reason::kLocalhostUnresolved,
        pull_reason::kLocalhostRefused, pull_reason::kLocalhostTimeout, pull_reason::kConnectionCut,
        pull_reason::kPullFailed, pull_reason::kPlatformUnknown, pull_reason::kPullRateLimited}) {
    EXPECT_TRUE(recorded.contains(std::string(reason))) << reason;
  }
}

TEST(PullReason, APortOrANameThatLooksLikeAStatusIsNoStatus) {
  for (const std::uint16_t port : {std::uint16_t(503), std::uint16_t(30503)}) {
    const std::string text =
        "unexpected status from HEAD request to http://localhost:" + std::to_string(port) +
        "/v2/503/manifests/503-x: 500 Oops";
    EXPECT_EQ(classify_pull_failure("ErrImagePull", text, port).reason,
              pull_reason::kRegistryError);
  }
}

TEST(PullReason, AUrlOfTheSameHostAndAnotherPortIsAMirror) {
  EXPECT_EQ(classify_pull_failure("ErrImagePull",
                                  "Head \"http://localhost:32015/v2/\": connection refused", kPort)
                .reason,
            pull_reason::kRuntimeMirror);
}

TEST(PullReason, OnlyTheFirstFourKibibytesAreRead) {
  const std::string text = std::string(limits::kPullMessageBytes, 'x') + " no space left on device";
  EXPECT_EQ(classify_pull_failure("ErrImagePull", text, kPort).reason, pull_reason::kPullFailed);
}

TEST(PullReason, ARefusalIsExplainedByTheNodeProxyFirst) {
  RefusalFacts facts;
  facts.kube_proxy = KubeProxyMode::kNftables;
  EXPECT_EQ(explain_refusal(facts), pull_reason::kKubeProxyNftables);
  facts.node_proxy = NodeProxyState::kPortInUse;
  EXPECT_EQ(explain_refusal(facts), pull_reason::kPortInUse);
  facts.node_proxy = NodeProxyState::kBindForbidden;
  EXPECT_EQ(explain_refusal(facts), pull_reason::kBindForbidden);
  facts.node_proxy = NodeProxyState::kNotReady;
  EXPECT_EQ(explain_refusal(facts), pull_reason::kNodeProxyNotReady);
}

TEST(PullReason, ARefusalIsExplainedByHowKubeProxyRuns) {
  RefusalFacts facts;
  EXPECT_EQ(explain_refusal(facts), pull_reason::kLocalhostRefused);
  facts.kube_proxy = KubeProxyMode::kIpvs;
  EXPECT_EQ(explain_refusal(facts), pull_reason::kKubeProxyIpvs);
  facts.kube_proxy = KubeProxyMode::kAbsent;
  EXPECT_EQ(explain_refusal(facts), pull_reason::kNoKubeProxy);
  facts.kube_proxy = KubeProxyMode::kIptables;
  facts.only_ipv6 = true;
  EXPECT_EQ(explain_refusal(facts), pull_reason::kIpv6Localhost);
  facts.localhost_node_ports_off = true;
  EXPECT_EQ(explain_refusal(facts), pull_reason::kKubeProxyLocalhostOff);
}

TEST(PullReason, TheNodeProxyMendsRefusalsAndNotPolicies) {
  EXPECT_TRUE(is_mended_by_node_proxy(pull_reason::kKubeProxyNftables));
  EXPECT_TRUE(is_mended_by_node_proxy(pull_reason::kLocalhostRefused));
  EXPECT_FALSE(is_mended_by_node_proxy(pull_reason::kPlainHttpRefused));
  EXPECT_FALSE(is_mended_by_node_proxy(pull_reason::kPortInUse));
}

TEST(PullReason, AMessageNamesThePortAndWhatToDo) {
  EXPECT_EQ(describe_pull_failure(pull_reason::kPortInUse, "", kPort),
            "Another program listens on port 32014 of the node. Stop that program, or set "
            "spec.nodePort to another port.");
}

TEST(PullReason, AMessageHasNoCredentialsOfAUrl) {
  const std::string message = describe_pull_failure(
      pull_reason::kRuntimeMirror,
      "Get \"https://user:s3cr@t@mirror.example.com/v2/\": dial tcp: no route to host", kPort);
  EXPECT_THAT(message, HasSubstr("https://…@mirror.example.com/v2/"));
  EXPECT_THAT(message, Not(HasSubstr("s3cr")));
}

TEST(PullReason, AMessageIsOneShortLine) {
  const std::string message =
      describe_pull_failure(pull_reason::kPullFailed, std::string(9000, '\n') + "end", kPort);
  EXPECT_THAT(message, Not(HasSubstr("\n")));
  EXPECT_LT(message.size(), 600U);
}

TEST(PullReason, AReasonOfTheKubeletIsNamed) {
  EXPECT_THAT(describe_pull_failure("OutOfpods", "", kPort), StartsWith("The kubelet did not start "
                                                                        "the probe Pod: "
                                                                        "OutOfpods."));
}

}  // namespace
}  // namespace reconcile
