#include "app/program.h"

#include <utility>

#include "base/limits.h"
#include "crypto/rotation.h"
#include "operator/webhook/webhook_images.h"
#include "reconcile/children/names.h"

namespace app {
namespace {

constexpr std::size_t kIdentityCharacters = 8;

kube::Environment environment_of(const ProgramDependencies& around, Metrics& metrics) {
  kube::Client client(around.transport,
                      [&metrics, server = around.server](kube::Method method, int code) {
                        metrics.request_answered(code, kube::name(method), server);
                      });
  return {around.executor, std::move(client), around.clock, around.random, around.logger};
}

}  // namespace

Program::Program(const ProgramDependencies& surroundings, const Options& options,
                 const std::string& version)
    : pod_name_(surroundings.pod_name),
      namespace_name_(surroundings.namespace_name),
      metrics_(version),
      manager_(surroundings.executor, surroundings.clock),
      environment_(environment_of(surroundings, metrics_)),
      reporter_(surroundings.logger, metrics_),
      caches_(environment_, options.watch_namespaces, &reporter_),
      events_(environment_, pod_name_),
      service_network_(environment_, surroundings.kubernetes_address,
                       [&checker = surroundings.push_checker](registry::Networks networks) {
                         checker.set_service_networks(std::move(networks));
                       }),
      controller_(environment_, caches_, events_, metrics_, surroundings.push_checker,
                  options.max_concurrent_reconciles, options.allowed_images),
      collector_(metrics_, [this] { collect_metrics(); }) {
  if (options.leader_elect) add_election(options);
  if (options.webhook_bind_address != "0") add_certificates(options);
  add_runnables();
}

void Program::add_election(const Options& options) {
  const std::string& own = options.leader_election_namespace;
  kube::LeaderElectionOptions election;
  election.lease = {own.empty() ? namespace_name_ : own, options.leader_election_id};
  election.identity = pod_name_ + "_" + environment_.random.name_suffix(kIdentityCharacters);
  election_ = std::make_unique<kube::LeaderElection>(
      environment_, election, [this](bool leading) { metrics_.set_leader(leading); }, &reporter_);
  metrics_.set_leader(false);
  manager_.set_election([this](Work lead) { return election_->run(std::move(lead)); });
}

void Program::add_certificates(const Options& options) {
  controller::WebhookCertificateOptions wanted;
  wanted.secret = {namespace_name_, options.webhook_secret};
  wanted.configuration = options.webhook_configuration;
  wanted.policy = crypto::policy_for(options.webhook_certificate_validity, options.webhook_service,
                                     {options.webhook_service + "." + namespace_name_ + ".svc"});
  certificates_ = std::make_unique<controller::WebhookCertificates>(
      environment_, std::move(wanted),
      [this](const std::string& certificate, const std::string& key) {
        return certificate_.replace(certificate, key);
      },
      metrics_, &reporter_);
}

void Program::add_runnables() {
  manager_.add({"caches", RunPeriod::kAlways, [this] { return caches_.run(); }});
  manager_.add({"events", RunPeriod::kAlways, [this] { return events_.run(); }});
  // The networks of Services are detected before any push check runs, because push checks must not
  // contact Services.
  manager_.add({"Service networks", RunPeriod::kWhileLeading,
                [this] { return service_network_.run(); },
                [this] { return service_network_.detect(); }});
  manager_.add({"controller", RunPeriod::kWhileLeading, [this] { return controller_.run(); }});
  manager_.add_finish([this] { return events_.flush(limits::kEventFlush); });
  if (election_) manager_.add_check([this] { return election_->waiting_for(); });
  manager_.add_check([this] { return caches_.waiting_for(); });
  if (!certificates_) return;
  manager_.add(
      {"webhook certificates", RunPeriod::kAlways, [this] { return certificates_->run(); }});
  manager_.add(
      {"certificate renewal", RunPeriod::kWhileLeading, [this] { return certificates_->lead(); }});
  manager_.add_check([this] { return certificates_->waiting_for(); });
}

void Program::collect_metrics() {
  if (const auto queue = controller_.queue_state()) metrics_.set_queue(*queue);
  metrics_.set_resources(controller_.count_resources());
  metrics_.set_contested_objects(controller_.contested_objects());
  for (const controller::Caches::Usage& usage : caches_.usage()) {
    metrics_.set_cache(usage.resource, usage.bytes, usage.reduced, usage.dropped);
  }
}

admission::ReviewPolicy Program::review_policy() const {
  admission::ReviewPolicy policy;
  policy.rewriter = [this](const std::string& namespace_name) {
    return controller::rewriter_for(caches_, namespace_name);
  };
  policy.excluded_namespaces = {"kube-system", namespace_name_};
  policy.excluded_label = reconcile::kManagedByLabel;
  policy.excluded_value = reconcile::kManager;
  return policy;
}

}  // namespace app
