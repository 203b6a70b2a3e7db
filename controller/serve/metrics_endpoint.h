// /metrics: the program's metrics in the Prometheus text format. Used on the thread of the
// io_context only.
#pragma once

#include "runtime/metrics.h"
#include "serve/http.h"

namespace serve {

// `metrics` must outlive the route.
Route metrics_route(runtime::Metrics& metrics);

}  // namespace serve
