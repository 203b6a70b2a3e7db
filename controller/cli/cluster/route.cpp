#include "cli/cluster/route.h"

#include <fmt/core.h>

#include <chrono>
#include <ostream>
#include <vector>

#include "async/parallel.h"
#include "base/limits.h"
#include "cli/binary.h"
#include "cli/cluster/names.h"
#include "cli/cluster/pods.h"
#include "cli/cluster/registries.h"
#include "registry/http_client.h"
#include "registry/trust.h"

namespace cli {
namespace {

namespace asio = boost::asio;

constexpr int kStatusAccepted = 202;
constexpr int kStatusNoContent = 204;
constexpr int kStatusOk = 200;
constexpr std::string_view kProbeRepository = "localregistry.dev/probe";

// RegistryProbe sends requests to a registry at an address of this machine.
class RegistryProbe {
 public:
  RegistryProbe(const asio::any_io_executor& executor, base::Clock& clock)
      : clock_(clock), trust_(""), client_(executor, clock, trust_, options()) {}

  asio::awaitable<bool> is_registry(std::string address) {
    auto asking = ask("GET", url(address, "/v2/"));
    const base::Result<registry::HttpAnswer> answer = co_await std::move(asking);
    co_return answer && answer->status == kStatusOk;
  }

  // Begins an upload. Returns the path and query of its URL; nullopt if the upload cannot begin.
  asio::awaitable<std::optional<std::string>> begin_upload(std::string address) {
    const auto begin = url(address, fmt::format("/v2/{}/blobs/uploads/", kProbeRepository));
    auto asking = ask("POST", begin);
    const base::Result<registry::HttpAnswer> answer = co_await std::move(asking);
    if (!answer || answer->status != kStatusAccepted) co_return std::nullopt;
    const auto location = registry::resolve_url(begin, answer->header("Location"));
    if (!location) co_return std::nullopt;
    co_return location->target;
  }

  asio::awaitable<bool> knows_upload(std::string address, std::string target) {
    auto asking = ask("GET", url(address, target));
    const base::Result<registry::HttpAnswer> answer = co_await std::move(asking);
    co_return answer && answer->status == kStatusNoContent;
  }

  asio::awaitable<void> end_upload(std::string address, std::string target) {
    auto asking = ask("DELETE", url(address, target));
    co_await std::move(asking);
  }

 private:
  static registry::HttpOptions options() {
    registry::HttpOptions options;
    options.guard = false;  // requests go to this machine only
    options.user_agent = kBinary;
    return options;
  }

  static registry::Url url(const std::string& address, const std::string& target) {
    const std::size_t colon = address.rfind(':');
    net::ServerUrl server;
    server.tls = false;
    server.host = address.substr(0, colon);
    server.port = static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)));
    return {server, target};
  }

  asio::awaitable<base::Result<registry::HttpAnswer>> ask(std::string method, registry::Url to) {
    registry::HttpRequest request;
    request.method = std::move(method);
    request.url = std::move(to);
    auto sending = client_.send(std::move(request), clock_.now() + limits::kReachTimeout);
    auto answer = co_await std::move(sending);
    co_return answer;
  }

  base::Clock& clock_;
  registry::Trust trust_;
  registry::HttpClient client_;
};

// Finds the pod that serves the registry now. Reads the LocalRegistry again, because its spec may
// have changed.
asio::awaitable<Outcome<ForwardTarget>> find_target(const ClusterSession& session,
                                                    std::string name) {
  auto finding = find_registry(session, std::move(name));
  const Outcome<api::LocalRegistry> registry = co_await std::move(finding);
  if (!registry) co_return registry.error();
  auto finding_pod = find_pod(session, *registry);
  const Outcome<api::ObjectMeta> pod = co_await std::move(finding_pod);
  if (!pod) co_return pod.error();
  co_return ForwardTarget{api::target_namespace(*registry), "pod/" + pod->name, registry->spec.port,
                          pod->uid};
}

asio::awaitable<Outcome<RegistryRoute>> forwarded(const ClusterSession& session,
                                                  Connection connection,
                                                  const api::LocalRegistry& registry) {
  auto forward = std::make_unique<KubectlForward>(
      session.kube.executor, session.kube.clock, session.console, std::move(connection),
      [&session, name = registry.metadata.name] { return find_target(session, name); });
  auto starting = forward->start();
  const Outcome<> started = co_await std::move(starting);
  if (!started) co_return started.error();
  RegistryRoute route{fmt::format("127.0.0.1:{}", forward->port()), std::move(forward)};
  co_return std::move(route);
}

// Sets `same` if both addresses lead to the same registry: an upload that begins at the forwarded
// address is known at the node port only if the registry there is the same.
asio::awaitable<void> compare(std::string node, std::string forwarded_address,
                              asio::any_io_executor executor, base::Clock& clock, bool& same) {
  RegistryProbe probe(executor, clock);
  auto beginning = probe.begin_upload(forwarded_address);
  const std::optional<std::string> upload = co_await std::move(beginning);
  if (!upload) co_return;
  auto looking = probe.knows_upload(node, *upload);
  same = co_await std::move(looking);
  auto ending = probe.end_upload(forwarded_address, *upload);
  co_await std::move(ending);
}

}  // namespace

asio::awaitable<Outcome<RegistryRoute>> find_registry_route(const ClusterSession& session,
                                                            Connection connection,
                                                            const api::LocalRegistry& registry,
                                                            Via via) {
  const std::string node = fmt::format("localhost:{}", registry.status.node_port);
  if (!is_host_port(node)) {
    co_return Failure{
        ExitCode::kNotReady,
        fmt::format("LocalRegistry {0} has no node port (status.nodePort is {1}): run "
                    "`kubectl localregistry wait {0}`",
                    registry.metadata.name, registry.status.node_port)};
  }
  if (via == Via::kNode) co_return RegistryRoute{node, nullptr};
  bool answers = false;
  if (via == Via::kAuto) {
    RegistryProbe probe(session.kube.executor, session.kube.clock);
    auto asking = probe.is_registry(node);
    answers = co_await std::move(asking);
  }
  auto forwarding = forwarded(session, std::move(connection), registry);
  Outcome<RegistryRoute> route = co_await std::move(forwarding);
  if (!answers) co_return std::move(route);
  if (!route) {
    session.console.err << printable(fmt::format(
                               "note: {}; pushing to {} instead, which answers as a registry",
                               route.error().message, node))
                        << std::endl;
    co_return RegistryRoute{node, nullptr};
  }
  bool same = false;
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(
      compare(node, route->address, session.kube.executor, session.kube.clock, same));
  branches.push_back(route->forward->run());
  co_await async::run_until_one_ends(std::move(branches));
  if (same) co_return RegistryRoute{node, nullptr};
  co_return std::move(route);
}

}  // namespace cli
