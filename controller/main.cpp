// This file is the main program of local-registry-operator. It only creates, connects, runs and
// stops the parts: configuration, transport, caches, controller, leader election and endpoints.
// All coroutines run on one thread, the one that calls main().
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <map>
#include <thread>
#include <utility>

#include "async/parallel.h"
#include "base/core_dumps.h"
#include "kube/config.h"
#include "kube/https_transport.h"
#include "kube/leader_election.h"
#include "operator/controller.h"
#include "operator/options.h"
#include "operator/service_network.h"
#include "operator/webhook_certificates.h"
#include "operator/webhook_images.h"
#include "reconcile/names.h"
#include "registry/push_checker.h"
#include "runtime/loop.h"
#include "runtime/process.h"
#include "serve/admission.h"
#include "serve/health.h"
#include "serve/http_server.h"
#include "serve/metrics_endpoint.h"

namespace {

namespace asio = boost::asio;
using controller::Caches;
using controller::Controller;
using controller::ExitCode;
using controller::Options;

constexpr std::size_t kIdentityCharacters = 8;

// Returns the host name. In a cluster it is the pod's name.
std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof(name) - 1) != 0) return "local-registry-operator";
  return name;
}

// Counts restarted watches and malformed objects, and logs each cause of a failed watch only once:
// an API server that is down stops all watches for the same cause.
class WatchReporter final : public kube::WatchObserver {
 public:
  WatchReporter(base::Logger& logger, runtime::Metrics& metrics)
      : logger_(logger), metrics_(metrics) {}

  void restarted(const api::ResourceType& type, kube::RestartReason reason) override {
    metrics_.watch_restarted(type.plural, kube::name(reason));
  }
  void malformed(const api::ResourceType& type) override { metrics_.malformed_object(type.plural); }
  void waiting(const api::ResourceType& type, const std::string& what) override {
    if (what.empty()) {
      if (causes_.erase(type.plural) > 0 && causes_.empty()) logger_.info("watching again");
      return;
    }
    const bool is_known = std::any_of(causes_.begin(), causes_.end(),
                                      [&](const auto& cause) { return cause.second == what; });
    causes_[type.plural] = what;
    if (is_known) return;
    logger_.warning("cannot watch",
                    {{"resource", std::string(type.plural)}, {"waiting_for", what}});
  }

 private:
  base::Logger& logger_;
  runtime::Metrics& metrics_;
  std::map<std::string_view, std::string> causes_;  // key: plural name, a string literal
};

// Owns every part that lives as long as the program. Each member depends only on earlier members.
class Program {
 public:
  Program(const Options& options, const std::string& version)
      : options_(options), logger_(options.log_level, options.log_format), metrics_(version) {}

  ExitCode run();

 private:
  base::Result<void> connect();
  ExitCode serve_and_reconcile();
  void make_webhook();
  bool bind(serve::HttpServer& server, const std::string& address, const std::string& what);
  std::vector<serve::Route> health();
  std::optional<std::string> waits_for() const;
  asio::awaitable<void> live();
  asio::awaitable<void> run_until_signal();
  asio::awaitable<void> wait_for_signal();
  asio::awaitable<void> elect_and_lead();
  asio::awaitable<void> lead();
  asio::awaitable<void> give_back_memory();
  asio::awaitable<void> work();

  Options options_;
  base::Logger logger_;
  base::SystemClock clock_;
  base::Random random_ = base::Random::from_device();
  runtime::Metrics metrics_;
  asio::io_context context_{1};
  kube::ClientConfig config_;
  std::unique_ptr<kube::Transport> transport_;
  std::optional<kube::Environment> environment_;
  std::optional<WatchReporter> reporter_;
  std::optional<Caches> caches_;
  std::optional<kube::EventRecorder> events_;
  std::optional<registry::PushChecker> push_checker_;
  std::optional<controller::ServiceNetwork> service_network_;
  std::optional<Controller> controller_;
  std::optional<kube::LeaderElection> election_;
  serve::ServerCertificate certificate_;
  std::optional<controller::WebhookCertificates> certificates_;  // set only with the webhook
  std::optional<serve::HttpServer> health_server_;
  std::optional<serve::HttpServer> metrics_server_;
  std::optional<serve::HttpServer> webhook_server_;
  std::chrono::milliseconds drain_{};  // how long the webhook serves after SIGTERM
};

base::Result<void> Program::connect() {
  kube::ConfigChoice choice;
  choice.kubeconfig = options_.kubeconfig;
  choice.context = options_.context;
  auto config = kube::load_config(choice, kube::process_environment());
  if (!config) return config.error();
  config_ = *std::move(config);
  auto transport = kube::make_https_transport(config_, clock_, logger_, context_.get_executor());
  if (!transport) return transport.error();
  transport_ = *std::move(transport);
  logger_.info("using", {{"server", config_.server.text()}, {"configuration", config_.origin}});
  return base::Result<void>();
}

ExitCode Program::run() {
  base::forbid_core_dumps();
  runtime::map_large_blocks();
  const base::Result<void> connected = connect();
  if (!connected) {
    logger_.error(connected.error().message);
    return ExitCode::kConfiguration;
  }
  const std::string host = config_.server.authority();
  environment_.emplace(kube::Environment{context_.get_executor(),
                                         kube::Client(*transport_,
                                                      [this, host](kube::Method method, int code) {
                                                        metrics_.request_answered(
                                                            code, kube::name(method), host);
                                                      }),
                                         clock_, random_, logger_});
  reporter_.emplace(logger_, metrics_);
  caches_.emplace(*environment_, options_.watch_namespaces, &*reporter_);
  events_.emplace(*environment_, host_name());
  registry::CheckOptions check;
  check.insecure_registries = options_.insecure_registries;
  check.ca_file = options_.registry_ca_file;
  check.denied_networks = options_.push_check_deny;
  check.report_network_errors = false;
  check.environment = kube::process_environment();
  push_checker_.emplace(context_.get_executor(), clock_, check);
  service_network_.emplace(*environment_,
                           base::variable(check.environment, "KUBERNETES_SERVICE_HOST"),
                           [this](registry::Networks networks) {
                             push_checker_->set_service_networks(std::move(networks));
                           });
  controller_.emplace(*environment_, *caches_, *events_, metrics_, *push_checker_,
                      options_.max_concurrent_reconciles, options_.allowed_images);
  if (options_.leader_elect) {
    const std::string& own = options_.leader_election_namespace;
    kube::LeaderElectionOptions election;
    election.lease = {own.empty() ? config_.namespace_name : own, options_.leader_election_id};
    election.identity = host_name() + "_" + random_.name_suffix(kIdentityCharacters);
    election_.emplace(
        *environment_, election, [this](bool leading) { metrics_.set_leader(leading); },
        &*reporter_);
    metrics_.set_leader(false);
  }
  return serve_and_reconcile();
}

std::optional<std::string> Program::waits_for() const {
  if (election_ && !election_->waiting_for().empty()) return election_->waiting_for();
  const std::string caches = caches_->waiting_for();
  if (!caches.empty()) return caches;
  const std::string certificates = certificates_ ? certificates_->waiting_for() : std::string();
  if (!certificates.empty()) return certificates;
  return std::nullopt;
}

// Creates the webhook's endpoint and its certificates.
void Program::make_webhook() {
  const std::string& own = config_.namespace_name;
  controller::WebhookCertificateOptions options;
  options.secret = {own, options_.webhook_secret};
  options.configuration = options_.webhook_configuration;
  options.policy =
      crypto::policy_for(options_.webhook_certificate_validity, options_.webhook_service,
                         {options_.webhook_service + "." + own + ".svc"});
  certificates_.emplace(
      *environment_, std::move(options),
      [this](const std::string& certificate, const std::string& key) {
        return certificate_.replace(certificate, key);
      },
      metrics_, &*reporter_);
  api::ReviewPolicy policy;
  policy.rewriter = [this](const std::string& namespace_name) {
    return controller::rewriter_for(*caches_, namespace_name);
  };
  policy.excluded_namespaces = {"kube-system", own};
  policy.excluded_label = reconcile::kManagedByLabel;
  policy.excluded_value = reconcile::kManager;
  serve::ServerOptions server;
  server.certificate = &certificate_;
  webhook_server_.emplace(context_.get_executor(),
                          std::vector<serve::Route>{
                              serve::admission_route(std::move(policy), clock_, logger_, metrics_)},
                          logger_, server);
}

std::vector<serve::Route> Program::health() {
  return serve::health_routes({}, {{"caches", [this] { return waits_for(); }}});
}

bool Program::bind(serve::HttpServer& server, const std::string& address, const std::string& what) {
  const auto parsed = serve::parse_bind_address(address);
  if (!parsed || !*parsed) return true;  // "0" disables it; main() has refused invalid addresses
  const base::Result<void> bound = server.bind(**parsed);
  if (!bound) logger_.error(bound.error().message, {{"flag", what}});
  return bound.has_value();
}

ExitCode Program::serve_and_reconcile() {
  const auto executor = context_.get_executor();
  health_server_.emplace(executor, health(), logger_);
  metrics_server_.emplace(executor, std::vector<serve::Route>{serve::metrics_route(metrics_)},
                          logger_);
  if (options_.webhook_bind_address != "0") make_webhook();
  if (!bind(*health_server_, options_.health_probe_bind_address, "--health-probe-bind-address") ||
      !bind(*metrics_server_, options_.metrics_bind_address, "--metrics-bind-address") ||
      (webhook_server_ &&
       !bind(*webhook_server_, options_.webhook_bind_address, "--webhook-bind-address"))) {
    return ExitCode::kBind;
  }
  std::exception_ptr failure;
  asio::co_spawn(context_, live(),
                 [&failure](std::exception_ptr thrown) { failure = std::move(thrown); });
  runtime::run(
      context_, [this] { return controller_->poll_pause(); },
      [](base::Clock::Duration pause) { std::this_thread::sleep_for(pause); });
  if (!failure) return ExitCode::kStopped;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& exception) {
    logger_.error("stopped by an unexpected failure", {{"exception", exception.what()}});
  }
  return ExitCode::kFailure;
}

// Runs all other coroutines. Returns after a signal, when all of them have ended.
asio::awaitable<void> Program::live() {
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(run_until_signal());
  if (webhook_server_) branches.push_back(webhook_server_->run());
  co_await async::run_until_one_ends(std::move(branches));
  logger_.info("stopped");
  context_.stop();  // else the timers of idle connections keep it running
}

// Runs everything but the webhook until a signal, then waits for drain_. The webhook serves longer
// than the rest, because the API server calls this pod until it learns that the pod is terminating.
asio::awaitable<void> Program::run_until_signal() {
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(wait_for_signal());
  branches.push_back(work());
  co_await async::run_until_one_ends(std::move(branches));
  co_await events_->flush(limits::kEventFlush);
  if (drain_.count() > 0) co_await clock_.sleep_for(drain_);
}

asio::awaitable<void> Program::wait_for_signal() {
  asio::signal_set signals(co_await asio::this_coro::executor, SIGTERM, SIGINT);
  const int number = co_await signals.async_wait(asio::use_awaitable);
  logger_.info("stopping", {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"}});
  // The kubelet sends SIGTERM. SIGINT comes from a person at a terminal, who need not wait.
  if (webhook_server_ && number == SIGTERM) {
    webhook_server_->drain();
    drain_ = limits::kWebhookDrain;
  }
  // The alarm ends the process if the shutdown hangs.
  std::signal(SIGALRM, SIG_DFL);
  ::alarm(static_cast<unsigned>(std::chrono::seconds(limits::kShutdown).count()));
}

asio::awaitable<void> Program::elect_and_lead() {
  if (!election_) {
    co_await lead();
    co_return;
  }
  co_await election_->run([this] { return lead(); });
}

asio::awaitable<void> Program::lead() {
  co_await service_network_->learn();  // before any push check, which must not call Services
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(service_network_->run());
  branches.push_back(controller_->run());
  if (certificates_) branches.push_back(certificates_->lead());
  co_await async::run_until_one_ends(std::move(branches));
}

asio::awaitable<void> Program::give_back_memory() {
  runtime::UnneededMemory unneeded;
  std::chrono::nanoseconds before{0};
  while (true) {
    co_await clock_.sleep_for(limits::kTrimInterval);
    const std::chrono::nanoseconds now = runtime::processor_time();
    unneeded.give_back(now - before);
    before = now;
  }
}

asio::awaitable<void> Program::work() {
  std::vector<asio::awaitable<void>> branches;
  if (health_server_->port() != 0) branches.push_back(health_server_->run());
  if (metrics_server_->port() != 0) branches.push_back(metrics_server_->run());
  branches.push_back(caches_->run());
  branches.push_back(events_->run());
  if (certificates_) branches.push_back(certificates_->run());
  branches.push_back(give_back_memory());
  branches.push_back(elect_and_lead());
  co_await async::run_until_one_ends(std::move(branches));
}

base::Result<void> check_addresses(const Options& options) {
  const std::pair<const char*, const std::string*> flags[] = {
      {"--metrics-bind-address", &options.metrics_bind_address},
      {"--health-probe-bind-address", &options.health_probe_bind_address},
      {"--webhook-bind-address", &options.webhook_bind_address}};
  for (const auto& [flag, address] : flags) {
    const auto parsed = serve::parse_bind_address(*address);
    if (parsed) continue;
    return base::Error{base::ErrorCode::kInvalid,
                       std::string(flag) + ": " + parsed.error().message};
  }
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  const auto line = controller::parse_command_line(count, arguments, VERSION);
  const base::Result<void> usable =
      line ? check_addresses(line->options) : base::Result<void>(line.error());
  if (!usable) {
    std::fprintf(stderr, "local-registry-operator: %s (try --help)\n",
                 usable.error().message.c_str());
    return static_cast<int>(ExitCode::kUsage);
  }
  if (!line->print.empty()) {
    std::fputs(line->print.c_str(), stdout);
    return 0;
  }
  return static_cast<int>(Program(line->options, VERSION).run());
}
