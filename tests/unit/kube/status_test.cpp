#include "kube/status.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "api/local_registry.h"
#include "base/limits.h"

namespace kube {
namespace {

using base::ErrorCode;

base::Error decoded(int status, const std::string& body) {
  return error_of({status, body, std::nullopt}, "deployments.apps");
}

struct Case {
  int status;
  std::string reason;
  ErrorCode code;
};

class StatusCodes : public testing::TestWithParam<Case> {};

TEST_P(StatusCodes, AreDistinguished) {
  const Case& test = GetParam();
  const std::string body = R"({"kind":"Status","status":"Failure","message":"m","reason":")" +
                           test.reason + R"(","details":{"name":"x"},"code":)" +
                           std::to_string(test.status) + "}";
  EXPECT_EQ(decoded(test.status, body).code, test.code);
  EXPECT_EQ(decoded(test.status, body).message, "m");
}

INSTANTIATE_TEST_SUITE_P(All, StatusCodes,
                         testing::Values(Case{400, "BadRequest", ErrorCode::kInvalid},
                                         Case{401, "Unauthorized", ErrorCode::kUnauthorized},
                                         Case{403, "Forbidden", ErrorCode::kForbidden},
                                         Case{404, "NotFound", ErrorCode::kNotFound},
                                         Case{405, "MethodNotAllowed", ErrorCode::kInvalid},
                                         Case{409, "AlreadyExists", ErrorCode::kAlreadyExists},
                                         Case{409, "Conflict", ErrorCode::kConflict},
                                         Case{410, "Expired", ErrorCode::kGone},
                                         Case{410, "Gone", ErrorCode::kGone},
                                         Case{413, "RequestEntityTooLarge", ErrorCode::kTooLarge},
                                         Case{415, "UnsupportedMediaType", ErrorCode::kInvalid},
                                         Case{422, "Invalid", ErrorCode::kInvalid},
                                         Case{429, "TooManyRequests", ErrorCode::kTooManyRequests},
                                         Case{500, "InternalError", ErrorCode::kUnavailable},
                                         Case{503, "ServiceUnavailable", ErrorCode::kUnavailable},
                                         Case{504, "Timeout", ErrorCode::kTimeout}));

TEST(Status, TheCausesNameTheFields) {
  const base::Error error = decoded(422, R"({"kind":"Status","reason":"Invalid","message":"m",
    "details":{"name":"x","causes":[{"reason":"FieldValueInvalid","message":"taken",
    "field":"spec.ports[0].nodePort"}]},"code":422})");
  ASSERT_EQ(error.causes.size(), 1U);
  EXPECT_EQ(error.causes[0],
            (base::FieldCause{"spec.ports[0].nodePort", "FieldValueInvalid", "taken"}));
}

TEST(Status, AMissingObjectIsNoMissingType) {
  const base::Error error = decoded(404, R"({"kind":"Status","reason":"NotFound",
    "message":"deployments.apps \"x\" not found","details":{"name":"x"},"code":404})");
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_FALSE(is_missing_type(error));
  EXPECT_EQ(error.message, "deployments.apps \"x\" not found");
}

TEST(Status, AnUnknownResourceSaysNothingAboutAnObjectHoweverTheServerPutsIt) {
  const base::Error plain = decoded(404, "404 page not found\n");
  EXPECT_EQ(plain.code, ErrorCode::kUnavailable);
  EXPECT_TRUE(is_missing_type(plain));
  EXPECT_EQ(plain.message, "the API server does not serve deployments.apps");
  EXPECT_TRUE(is_missing_type(decoded(404, R"({"kind":"Status","reason":"NotFound",
    "message":"the server could not find the requested resource","details":{},"code":404})")));
}

TEST(Status, TwoPortsWithOneNodePortAreTheObjectsFaultNotTheServers) {
  const auto error = decoded(500, R"({"kind":"Status","status":"Failure","code":500,)"
                                  R"("message":"duplicate nodePort: {TCP 30007}"})");
  EXPECT_EQ(error.code, ErrorCode::kInvalid);
  EXPECT_FALSE(error.transient());
}

TEST(Status, ABodyThatIsNoStatusIsQuotedInPrintableCharacters) {
  const base::Error error = decoded(502, "<h1>Bad\tGateway</h1>\nsecond line");
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message, "deployments.apps: HTTP status 502: <h1>Bad Gateway</h1>");
  EXPECT_LT(decoded(502, std::string(100'000, 'x')).message.size(), 300U);
}

TEST(Status, ARedirectIsNotFollowedButReported) {
  EXPECT_EQ(decoded(302, "").code, ErrorCode::kMalformed);
}

TEST(Status, TheTimeToWaitComesFromTheHeaderOrTheBodyAndIsBounded) {
  Response response{429, R"({"kind":"Status","details":{"retryAfterSeconds":7},"code":429})", {}};
  EXPECT_EQ(error_of(response, "x").retry_after, std::chrono::seconds(7));
  response.retry_after = std::chrono::seconds(3);
  EXPECT_EQ(error_of(response, "x").retry_after, std::chrono::seconds(3));
  response.retry_after = std::chrono::hours(24);
  EXPECT_EQ(error_of(response, "x").retry_after, limits::kMaxRetryAfter);
}

TEST(Status, AStatusWithFieldsOfWrongTypesIsQuotedInsteadOfBelieved) {
  EXPECT_EQ(decoded(409, R"({"kind":"Status","message":7})").code, ErrorCode::kConflict);
}

TEST(Status, AnErrorEventOfAWatchIsReadLikeAnAnswer) {
  const auto event = json::Document::parse(R"({"kind":"Status","reason":"Expired",
    "message":"too old resource version","code":410})");
  EXPECT_EQ(error_of_event(event->root(), "services").code, ErrorCode::kGone);
  const auto other = json::Document::parse(R"({"kind":"Pod"})");
  EXPECT_EQ(error_of_event(other->root(), "services").code, ErrorCode::kMalformed);
}

TEST(QualifiedName, IsThePluralWithItsGroup) {
  EXPECT_EQ(qualified_name(api::Resource<api::LocalRegistry>::kType),
            "localregistries.localregistry.dev");
  EXPECT_EQ(qualified_name(api::Resource<api::Service>::kType), "services");
}

std::string refusal_of(int code, const std::string& message) {
  return fmt::format(R"({{"kind":"Status","reason":"Invalid","message":"{}","code":{}}})", message,
                     code);
}

TEST(StatusOfAdmission, ARefusalByAPolicyIsForbiddenWhateverItsHttpStatus) {
  for (const char* message :
       {R"(services \"registry\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: no)",
        R"(admission webhook \"w.example\" denied the request: no)"}) {
    EXPECT_EQ(decoded(422, refusal_of(422, message)).code, ErrorCode::kForbidden) << message;
    EXPECT_EQ(decoded(400, refusal_of(400, message)).code, ErrorCode::kForbidden) << message;
  }
}

TEST(StatusOfAdmission, AnInvalidObjectStaysInvalidWhateverItsTextQuotes) {
  for (const char* message :
       {R"(Service \"registry\" is invalid: spec.type: Invalid value: \"x\" is forbidden: \"y\")",
        R"(StatefulSet.apps \"registry\" is invalid: spec: Forbidden: updates are forbidden)"}) {
    EXPECT_EQ(decoded(422, refusal_of(422, message)).code, ErrorCode::kInvalid) << message;
  }
}

}  // namespace
}  // namespace kube
