// /metrics: the program's metrics in the Prometheus text format. Used on the thread of the
// io_context only.
#pragma once

#include <functional>
#include <string>

#include "serve/http.h"

namespace serve {

// `serialize` returns all metrics in the text format 0.0.4. It is called for every request.
Route metrics_route(std::function<std::string()> serialize);

}  // namespace serve
