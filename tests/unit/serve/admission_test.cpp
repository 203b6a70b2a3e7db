#include "serve/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/virtual_clock.h"

namespace {

using serve::Response;
using testing::HasSubstr;

class AdmissionRoute : public testing::Test {
 protected:
  AdmissionRoute() : route(serve::admission_route(policy(), clock, logger, metrics)) {}

  static api::ReviewPolicy policy() {
    api::ReviewPolicy policy;
    policy.rewriter = [](const std::string&) {
      return api::ImageRewriter(
          {{api::parse_image_reference("ghcr.io/org/image").value(), "localhost:31234"}});
    };
    return policy;
  }

  Response post(std::string body) {
    serve::Request request;
    request.method = "POST";
    request.body = std::move(body);
    return route.handler(std::move(request));
  }

  static std::string review(const std::string& pod) {
    return R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"1",)"
           R"("resource":{"version":"v1","resource":"pods"},"namespace":"a","operation":"CREATE",)"
           R"("object":)" +
           pod + "}}";
  }

  support::VirtualClock clock;
  base::Logger logger = base::Logger::silent();
  runtime::Metrics metrics{"1"};
  serve::Route route;
};

TEST_F(AdmissionRoute, AnswersReviewsAndCountsThem) {
  const Response rewritten =
      post(review(R"({"spec":{"containers":[{"name":"a","image":"ghcr.io/org/image:1"}]}})"));
  EXPECT_EQ(rewritten.status, 200);
  EXPECT_EQ(rewritten.content_type, "application/json");
  EXPECT_THAT(rewritten.body, HasSubstr(R"("patchType":"JSONPatch")"));
  EXPECT_THAT(post(review(R"({"spec":{}})")).body,
              HasSubstr(R"("response":{"uid":"1","allowed":true}})"));
  EXPECT_EQ(post(review("[]")).status, 200);
  const std::string text = metrics.serialize();
  for (const char* line :
       {R"(localregistry_webhook_reviews_total{result="rewritten"} 1)",
        R"(localregistry_webhook_reviews_total{result="unchanged"} 1)",
        R"(localregistry_webhook_reviews_total{result="malformed"} 1)",
        R"(localregistry_webhook_images_rewritten_total 1)",
        R"(controller_runtime_webhook_requests_total{code="200",webhook="/mutate"} 3)",
        R"(controller_runtime_webhook_latency_seconds_count{webhook="/mutate"} 3)"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST_F(AdmissionRoute, WhatIsNoReviewIsABadRequestWithTheReason) {
  const Response response = post("{}");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("not an AdmissionReview"));
  EXPECT_THAT(metrics.serialize(),
              HasSubstr(R"(controller_runtime_webhook_requests_total{code="400",)"
                        R"(webhook="/mutate"} 1)"));
}

TEST_F(AdmissionRoute, TakesPostsOfSomeMegabytes) {
  EXPECT_EQ(route.path, "/mutate");
  EXPECT_EQ(route.methods, std::vector<std::string>{"POST"});
  EXPECT_EQ(route.body_bytes, std::size_t{4} << 20);
}

}  // namespace
