// The route POST /mutate: the admission webhook for pods, which answers from memory.
//
// A valid AdmissionReview is answered with 200, and the answer always admits the pod. Any other
// body is answered with 400. Each request is reported to the observer with its duration. Used on
// the thread of the io_context only.
#pragma once

#include "admission/review.h"
#include "base/clock.h"
#include "base/log.h"
#include "serve/http.h"
#include "serve/review_observer.h"

namespace serve {

inline constexpr const char* kAdmissionPath = "/mutate";

// `clock`, `logger` and `observer` must outlive the route.
Route admission_route(admission::ReviewPolicy policy, const base::Clock& clock,
                      base::Logger& logger, ReviewObserver& observer);

}  // namespace serve
