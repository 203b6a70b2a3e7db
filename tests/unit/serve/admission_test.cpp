#include "serve/endpoints/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/virtual_clock.h"

namespace {

using serve::Response;
using testing::ElementsAre;
using testing::HasSubstr;

// Counts keeps what the route reported.
struct Counts final : serve::ReviewObserver {
  void serve_webhook(std::string_view path) override { served.emplace_back(path); }
  void webhook_answered(std::string_view path, int code, base::Clock::Duration) override {
    answers.push_back(std::string(path) + " " + std::to_string(code));
  }
  void pod_reviewed(std::string_view result, std::size_t count) override {
    reviews.emplace_back(result);
    images += count;
  }

  std::vector<std::string> served;
  std::vector<std::string> answers;
  std::vector<std::string> reviews;
  std::size_t images = 0;
};

class AdmissionRoute : public testing::Test {
 protected:
  AdmissionRoute() : route(serve::admission_route(policy(), clock, logger, counts)) {}

  static admission::ReviewPolicy policy() {
    admission::ReviewPolicy policy;
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
  Counts counts;
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
  EXPECT_THAT(counts.served, ElementsAre("/mutate"));
  EXPECT_THAT(counts.reviews, ElementsAre("rewritten", "unchanged", "malformed"));
  EXPECT_EQ(counts.images, 1U);
  EXPECT_THAT(counts.answers, ElementsAre("/mutate 200", "/mutate 200", "/mutate 200"));
}

TEST_F(AdmissionRoute, WhatIsNoReviewIsABadRequestWithTheReason) {
  const Response response = post("{}");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("not an AdmissionReview"));
  EXPECT_THAT(counts.answers, ElementsAre("/mutate 400"));
  EXPECT_THAT(counts.reviews, ElementsAre("malformed"));
}

TEST_F(AdmissionRoute, TakesPostsOfSomeMegabytes) {
  EXPECT_EQ(route.path, "/mutate");
  EXPECT_EQ(route.methods, std::vector<std::string>{"POST"});
  EXPECT_EQ(route.body_bytes, std::size_t{4} << 20);
}

}  // namespace
