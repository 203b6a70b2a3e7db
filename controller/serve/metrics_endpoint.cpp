#include "serve/metrics_endpoint.h"

namespace serve {

Route metrics_route(runtime::Metrics& metrics) {
  Route route;
  route.path = "/metrics";
  route.handler = [&metrics](const Request&) {
    return Response{200, "text/plain; version=0.0.4; charset=utf-8", metrics.serialize()};
  };
  return route;
}

}  // namespace serve
