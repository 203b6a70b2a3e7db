// The endpoints /healthz and /readyz, which run named checks on each request. They answer 200 "ok",
// or 503 with the failing checks and their reasons; "?verbose" also lists passing checks.
//
// The state that the checks use must outlive the server. Used on the thread of the io_context only.
// Source: https://kubernetes.io/docs/reference/using-api/health-checks/
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "serve/http.h"

namespace serve {

struct HealthCheck {
  std::string name;  // such as "caches"
  // Returns nullopt when the check passes; otherwise the reason why it fails, in one line, such as
  // "list of services: Forbidden: …". It must not contain secrets: the endpoint requires no
  // authentication.
  std::function<std::optional<std::string>()> waits_for;
};

// Returns the response of an endpoint with these checks. `endpoint`: such as "readyz".
Response check_health(const std::string& endpoint, const std::vector<HealthCheck>& checks,
                      bool verbose);

// Returns the routes for /healthz and /readyz. /healthz gets another check "ping", which always
// passes.
std::vector<Route> health_routes(std::vector<HealthCheck> live, std::vector<HealthCheck> ready);

}  // namespace serve
