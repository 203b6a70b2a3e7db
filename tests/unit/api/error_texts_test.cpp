#include "api/error_texts.h"

#include <gtest/gtest.h>

namespace api {
namespace {

constexpr std::string_view kQuota =
    R"(pods "registry-0" is forbidden: exceeded quota: none, requested: pods=1, used: pods=0)";
constexpr std::string_view kPodSecurity =
    R"(pods "registry-0" is forbidden: violates PodSecurity "baseline:latest": seccompProfile)";
constexpr std::string_view kTaken =
    R"(Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30000: )"
    "provided port is already allocated";
constexpr std::string_view kRange =
    R"(Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 80: )"
    "provided port is not in the valid range. The range of valid ports is 30000-32767";
constexpr std::string_view kInvalid =
    R"(Deployment.apps "b" is invalid: metadata.labels: Invalid value: "x\" is forbidden: y")";

TEST(ErrorTexts, TheRefusalOfAPodIsAboutQuotaPodSecurityOrSomethingElse) {
  EXPECT_EQ(admission_refusal_in(kQuota), AdmissionRefusal::kQuota);
  EXPECT_EQ(admission_refusal_in(kPodSecurity), AdmissionRefusal::kPodSecurity);
  EXPECT_EQ(admission_refusal_in(R"(pods "a" is forbidden: no such service account)"),
            AdmissionRefusal::kOther);
  EXPECT_EQ(admission_refusal_in("the server is busy"), AdmissionRefusal::kNone);
}

TEST(ErrorTexts, AdmissionIsToldFromValidationByTheBeginningOfTheMessage) {
  EXPECT_TRUE(is_refused_by_admission(kQuota));
  EXPECT_TRUE(is_refused_by_admission(R"(admission webhook "a.b.c" denied the request: no)"));
  EXPECT_FALSE(is_refused_by_admission(kInvalid)) << "a validation error can quote any text";
  EXPECT_FALSE(is_refused_by_admission(kTaken));
}

TEST(ErrorTexts, ANodePortIsTakenOrOutOfRangeOrTwiceInOneService) {
  EXPECT_TRUE(is_node_port_allocated(kTaken));
  EXPECT_FALSE(is_node_port_allocated(kRange));
  EXPECT_TRUE(is_node_port_out_of_range(kRange));
  EXPECT_FALSE(is_node_port_out_of_range(kTaken));
  EXPECT_TRUE(is_duplicate_node_port("duplicate nodePort: 30000"));
  EXPECT_FALSE(is_duplicate_node_port(kTaken));
}

}  // namespace
}  // namespace api
