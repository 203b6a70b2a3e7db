#include "app/process.h"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <csignal>
#include <thread>
#include <utility>

#include "base/environment.h"
#include "base/limits.h"
#include "runtime/loop.h"
#include "runtime/process.h"

namespace app {
namespace {

namespace asio = boost::asio;

// Returns the host name. In a cluster it is the pod's name.
std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof(name) - 1) != 0) return "local-registry-operator";
  return name;
}

registry::CheckOptions check_options(const Options& options) {
  registry::CheckOptions check;
  check.insecure_registries = options.insecure_registries;
  check.ca_file = options.registry_ca_file;
  check.denied_networks = options.push_check_deny;
  check.report_network_errors = false;
  check.environment = kube::process_environment();
  return check;
}

}  // namespace

Process::Process(const Options& options, std::string version)
    : options_(options),
      version_(std::move(version)),
      logger_(options.log_level, options.log_format) {}

base::Result<void> Process::connect() {
  kube::ConfigChoice choice;
  choice.kubeconfig = options_.kubeconfig;
  choice.context = options_.context;
  auto config = kube::load_config(choice, kube::process_environment());
  if (!config) return config.error();
  config_ = *std::move(config);
  auto transport = kube::make_https_transport(config_, clock_, logger_, context_.get_executor());
  if (!transport) return transport.error();
  transport_ = *std::move(transport);
  logger_.info("connecting to the API server",
               {{"server", config_.server.text()}, {"configuration", config_.origin}});
  return {};
}

std::optional<ExitCode> Process::start() {
  runtime::map_large_blocks();
  const base::Result<void> connected = connect();
  if (!connected) {
    logger_.error(connected.error().message);
    return ExitCode::kConfiguration;
  }
  const asio::any_io_executor executor = context_.get_executor();
  const registry::CheckOptions check = check_options(options_);
  push_checker_.emplace(executor, clock_, check);
  ProgramDependencies around{executor, *transport_,    clock_,      random_,
                             logger_,  *push_checker_, host_name(), config_.namespace_name};
  around.server = config_.server.authority();
  around.kubernetes_address = base::variable(check.environment, "KUBERNETES_SERVICE_HOST");
  program_.emplace(around, options_, version_);
  endpoints_.emplace(executor, *program_, clock_, logger_, options_);
  std::string flag;
  const base::Result<void> bound = endpoints_->bind(options_, flag);
  if (!bound) {
    logger_.error(bound.error().message, {{"flag", flag}});
    return ExitCode::kBind;
  }
  endpoints_->add_to(program_->manager());
  program_->manager().add(
      {"return of memory", RunPeriod::kAlways, [this] { return give_back_memory(); }});
  return std::nullopt;
}

ExitCode Process::run() {
  std::exception_ptr failure;
  asio::co_spawn(context_, program_->run(), [this, &failure](std::exception_ptr thrown) {
    if (!thrown) logger_.info("stopped");
    failure = std::move(thrown);
    context_.stop();  // otherwise the timers of idle connections keep the context running
  });
  runtime::run(
      context_, [this] { return program_->poll_pause(); },
      [](base::Clock::Duration pause) { std::this_thread::sleep_for(pause); });
  if (!failure) return ExitCode::kStopped;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& exception) {
    logger_.error("stopped by an unexpected failure", {{"exception", exception.what()}});
  }
  return ExitCode::kFailure;
}

void Process::stop(int number) {
  logger_.info("stopping", {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"}});
  program_->stop(number == SIGTERM ? endpoints_->drain() : base::Clock::Duration::zero());
}

asio::awaitable<void> Process::give_back_memory() {
  runtime::UnneededMemory unneeded;
  std::chrono::nanoseconds before{0};
  while (true) {
    co_await clock_.sleep_for(limits::kTrimInterval);
    const std::chrono::nanoseconds now = runtime::processor_time();
    unneeded.give_back(now - before);
    before = now;
  }
}

}  // namespace app
