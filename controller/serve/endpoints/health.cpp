#include "serve/endpoints/health.h"

#include <utility>

#include "base/text/quote.h"

namespace serve {
namespace {

Route health_route(const std::string& endpoint, std::vector<HealthCheck> checks) {
  Route route;
  route.path = "/" + endpoint;
  route.handler = [endpoint, checks = std::move(checks)](const Request& request) {
    return check_health(endpoint, checks, request.has_parameter("verbose"));
  };
  return route;
}

}  // namespace

Response check_health(const std::string& endpoint, const std::vector<HealthCheck>& checks,
                      bool verbose) {
  std::string passed_and_failed;
  std::string failed;
  for (const HealthCheck& check : checks) {
    if (const auto reason = check.waits_for()) {
      // The response has one line for each check, and a reason may quote text from outside.
      const std::string line = "[-]" + check.name + " failed: " + base::printable(*reason) + "\n";
      passed_and_failed += line;
      failed += line;
    } else {
      passed_and_failed += "[+]" + check.name + " ok\n";
    }
  }
  Response response;
  response.status = failed.empty() ? 200 : 503;
  if (failed.empty()) {
    response.body = verbose ? passed_and_failed + endpoint + " check passed\n" : "ok";
  } else {
    response.body = (verbose ? passed_and_failed : failed) + endpoint + " check failed\n";
  }
  return response;
}

std::vector<Route> health_routes(std::vector<HealthCheck> live, std::vector<HealthCheck> ready) {
  live.insert(live.begin(), {"ping", [] { return std::optional<std::string>(); }});
  std::vector<Route> routes;
  routes.push_back(health_route("healthz", std::move(live)));
  routes.push_back(health_route("readyz", std::move(ready)));
  return routes;
}

}  // namespace serve
