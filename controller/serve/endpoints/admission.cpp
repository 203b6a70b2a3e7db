#include "serve/endpoints/admission.h"

#include <string>
#include <utility>

#include "base/limits.h"

namespace serve {
namespace {

Response answer(std::string body, const admission::ReviewPolicy& policy, base::Logger& logger,
                ReviewObserver& observer) {
  const base::Result<admission::Review> review = admission::review_pod(std::move(body), policy);
  if (!review) {
    observer.pod_reviewed(admission::name(admission::ReviewOutcome::kMalformed), 0);
    logger.debug("refused a request that is not a valid AdmissionReview",
                 {{"error", review.error().message}});
    return {.status = 400, .body = review.error().message + "\n"};
  }
  observer.pod_reviewed(admission::name(review->outcome), review->images);
  if (review->outcome == admission::ReviewOutcome::kMalformed) {
    logger.warning("admitted a pod unchanged, because it cannot be reviewed",
                   {{"pod", review->pod}, {"error", review->problem}});
  }
  if (review->outcome == admission::ReviewOutcome::kRewritten) {
    logger.debug("images rewritten",
                 {{"pod", review->pod}, {"images", std::to_string(review->images)}});
  }
  return {200, "application/json", review->answer};
}

}  // namespace

Route admission_route(admission::ReviewPolicy policy, const base::Clock& clock,
                      base::Logger& logger, ReviewObserver& observer) {
  observer.serve_webhook(kAdmissionPath);
  Route route;
  route.path = kAdmissionPath;
  route.methods = {"POST"};
  route.body_bytes = limits::kAdmissionBytes;
  route.handler = [policy = std::move(policy), &clock, &logger, &observer](Request&& request) {
    const base::Clock::Instant begin = clock.now();
    Response response = answer(std::move(request.body), policy, logger, observer);
    observer.webhook_answered(kAdmissionPath, response.status, clock.now() - begin);
    return response;
  };
  return route;
}

}  // namespace serve
