// POST /mutate: the admission webhook for pods, answered from what is in memory.
//
// A review that can be read is answered with 200 and never refuses a pod; what is no review gets
// 400. Each is counted, with the time it took. Used on the thread of the io_context only.
#pragma once

#include "api/admission.h"
#include "base/clock.h"
#include "base/log.h"
#include "runtime/metrics.h"
#include "serve/http.h"

namespace serve {

inline constexpr const char* kAdmissionPath = "/mutate";

// clock, logger and metrics outlive the route.
Route admission_route(api::ReviewPolicy policy, const base::Clock& clock, base::Logger& logger,
                      runtime::Metrics& metrics);

}  // namespace serve
