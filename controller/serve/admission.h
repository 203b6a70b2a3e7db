// The route POST /mutate: the admission webhook for pods, which answers from memory.
//
// A review that can be read is answered with 200 and always admits the pod. Any other body gets
// 400. Metrics count each request with its duration. Used on the thread of the io_context only.
#pragma once

#include "api/admission.h"
#include "base/clock.h"
#include "base/log.h"
#include "runtime/metrics.h"
#include "serve/http.h"

namespace serve {

inline constexpr const char* kAdmissionPath = "/mutate";

// `clock`, `logger` and `metrics` must outlive the route.
Route admission_route(api::ReviewPolicy policy, const base::Clock& clock, base::Logger& logger,
                      runtime::Metrics& metrics);

}  // namespace serve
