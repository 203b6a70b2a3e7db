#include "serve/endpoints/health.h"

#include <gtest/gtest.h>

#include "serve/endpoints/metrics_endpoint.h"

namespace {

using serve::HealthCheck;
using serve::Request;
using serve::Response;

HealthCheck passing(std::string name) {
  return {std::move(name), [] { return std::optional<std::string>(); }};
}

HealthCheck failing(std::string name, std::string reason) {
  return {std::move(name), [reason = std::move(reason)] { return std::optional(reason); }};
}

Request get(std::string path, std::string query = "") {
  Request request;
  request.method = "GET";
  request.path = std::move(path);
  request.query = std::move(query);
  return request;
}

TEST(Health, IsOkWhenEveryCheckPasses) {
  const Response response = serve::check_health("readyz", {passing("a"), passing("b")}, false);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "ok");
  EXPECT_EQ(serve::check_health("readyz", {}, false).status, 200);
}

TEST(Health, SaysWhichCheckFailsAndWhatItWaitsFor) {
  const Response response = serve::check_health(
      "readyz", {passing("a"), failing("informers", "list of services: Forbidden")}, false);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body,
            "[-]informers failed: list of services: Forbidden\nreadyz check failed\n");
}

TEST(Health, ListsEveryCheckWhenItIsVerbose) {
  EXPECT_EQ(serve::check_health("readyz", {passing("a"), passing("b")}, true).body,
            "[+]a ok\n[+]b ok\nreadyz check passed\n");
  EXPECT_EQ(serve::check_health("readyz", {passing("a"), failing("b", "c")}, true).body,
            "[+]a ok\n[-]b failed: c\nreadyz check failed\n");
}

TEST(Health, AReasonStaysOnItsLine) {
  EXPECT_EQ(serve::check_health("readyz", {failing("a", "x\r\n[+]b ok\x1b[0m")}, false).body,
            "[-]a failed: x? [+]b ok?[0m\nreadyz check failed\n");
}

TEST(Health, ChecksAreAskedEachTime) {
  bool ready = false;
  const auto routes = serve::health_routes(
      {}, {{"informers", [&] {
              return ready ? std::optional<std::string>() : std::optional<std::string>("sync");
            }}});
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].path, "/healthz");
  EXPECT_EQ(routes[0].handler(get("/healthz")).status, 200);
  EXPECT_EQ(routes[0].handler(get("/healthz", "verbose")).body,
            "[+]ping ok\nhealthz check passed\n");
  EXPECT_EQ(routes[1].path, "/readyz");
  EXPECT_EQ(routes[1].handler(get("/readyz")).status, 503);
  ready = true;
  EXPECT_EQ(routes[1].handler(get("/readyz", "verbose=1&x=2")).body,
            "[+]informers ok\nreadyz check passed\n");
}

TEST(Request, FindsParametersOfTheQueryByTheirWholeName) {
  EXPECT_TRUE(get("/", "verbose").has_parameter("verbose"));
  EXPECT_TRUE(get("/", "a=1&verbose=").has_parameter("verbose"));
  EXPECT_TRUE(get("/", "&&verbose&").has_parameter("verbose"));
  EXPECT_FALSE(get("/", "").has_parameter("verbose"));
  EXPECT_FALSE(get("/", "verbose2=1&x=verbose").has_parameter("verbose"));
}

TEST(MetricsEndpoint, ServesTheMetricsAsPrometheusText) {
  const serve::Route route = serve::metrics_route([] { return std::string("up 1\n"); });
  EXPECT_EQ(route.path, "/metrics");
  const Response response = route.handler(get("/metrics"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.body, "up 1\n");
}

}  // namespace
