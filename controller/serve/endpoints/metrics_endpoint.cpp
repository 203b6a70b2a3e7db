#include "serve/endpoints/metrics_endpoint.h"

#include <utility>

namespace serve {

Route metrics_route(std::function<std::string()> serialize) {
  Route route;
  route.path = "/metrics";
  route.handler = [serialize = std::move(serialize)](const Request&) {
    return Response{200, "text/plain; version=0.0.4; charset=utf-8", serialize()};
  };
  return route;
}

}  // namespace serve
