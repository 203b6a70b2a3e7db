// /healthz and /readyz: named checks, asked each time. 200 "ok", or 503 with a body that says which
// check fails and what it waits for; "?verbose" lists the checks that pass too.
//
// One owner, which outlives the server and the checks' own state. Used on the thread of the
// io_context only. Source: https://kubernetes.io/docs/reference/using-api/health-checks/
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "serve/http.h"

namespace serve {

struct HealthCheck {
  std::string name;  // "informers"
  // Nothing when all is well; else what it waits for, one line for people: "list of services:
  // Forbidden: …". Never anything secret: the endpoint answers everybody.
  std::function<std::optional<std::string>()> waits_for;
};

// The answer of an endpoint that has these checks. endpoint: "readyz".
Response check_health(const std::string& endpoint, const std::vector<HealthCheck>& checks,
                      bool verbose);

// Routes for /healthz and /readyz. /healthz has its own "ping", which always passes.
std::vector<Route> health_routes(std::vector<HealthCheck> live, std::vector<HealthCheck> ready);

}  // namespace serve
