#include "app/endpoints.h"

#include <utility>
#include <vector>

#include "base/limits.h"
#include "serve/endpoints/admission.h"
#include "serve/endpoints/health.h"
#include "serve/endpoints/metrics_endpoint.h"

namespace app {
namespace {

namespace asio = boost::asio;

std::vector<serve::Route> health_routes(Program& program) {
  return serve::health_routes({},
                              {{"caches", [&program] { return program.manager().waits_for(); }}});
}

std::vector<serve::Route> metrics_routes(Program& program) {
  return {serve::metrics_route([&program] { return program.serialize_metrics(); })};
}

base::Result<void> listen(serve::HttpServer& server, const std::string& address) {
  const auto parsed = serve::parse_bind_address(address);
  if (!parsed) return parsed.error();
  if (!*parsed) return {};  // "0" disables it
  return server.bind(**parsed);
}

}  // namespace

Endpoints::Endpoints(asio::any_io_executor executor, Program& program, base::Clock& clock,
                     base::Logger& logger, const Options& options)
    : health_(executor, health_routes(program), logger),
      metrics_(executor, metrics_routes(program), logger) {
  if (options.webhook_bind_address == "0") return;
  serve::ServerOptions server;
  server.certificate = &program.certificate();
  webhook_ = std::make_unique<serve::HttpServer>(
      executor,
      std::vector<serve::Route>{
          serve::admission_route(program.review_policy(), clock, logger, program.metrics())},
      logger, server);
}

base::Result<void> Endpoints::bind(const Options& options, std::string& flag) {
  flag = "--health-probe-bind-address";
  base::Result<void> bound = listen(health_, options.health_probe_bind_address);
  if (!bound) return bound;
  flag = "--metrics-bind-address";
  bound = listen(metrics_, options.metrics_bind_address);
  if (!bound || !webhook_) return bound;
  flag = "--webhook-bind-address";
  return listen(*webhook_, options.webhook_bind_address);
}

void Endpoints::add_to(Manager& manager) {
  if (health_.port() != 0) {
    manager.add({"health endpoint", Runs::kAlways, [this] { return health_.run(); }});
  }
  if (metrics_.port() != 0) {
    manager.add({"metrics endpoint", Runs::kAlways, [this] { return metrics_.run(); }});
  }
  if (webhook_) {
    manager.add({"webhook endpoint", Runs::kPastTheStop, [this] { return webhook_->run(); }});
  }
}

base::Clock::Duration Endpoints::drain() {
  if (!webhook_) return {};
  webhook_->drain();
  return limits::kWebhookDrain;
}

}  // namespace app
