#include "cli/commands/status.h"

#include <fmt/core.h>

#include <ostream>

#include "api/conditions.h"
#include "base/text/quote.h"
#include "cli/cluster/registries.h"
#include "cli/cluster/registry_status.h"
#include "cli/grammar/in_cluster.h"
#include "json/writer.h"

namespace cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

// Returns whether the LocalRegistry is ready, with the reason: "no (ImagePullBackOff)".
std::string summary(const api::LocalRegistry& registry) {
  const api::Condition* ready =
      api::find_condition(registry.status.conditions, api::condition::kReady);
  if (ready == nullptr) return "unknown: the operator has not reconciled it yet";
  const bool is_stale = ready->observed_generation < registry.metadata.generation;
  const std::string state = ready->status == api::condition_status::kTrue ? "yes" : "no";
  return fmt::format("{} ({}){}", state, ready->reason,
                     is_stale ? ", but the operator has not reconciled the latest change yet" : "");
}

std::string head(const api::LocalRegistry& registry) {
  const api::LocalRegistryStatus& status = registry.status;
  Rows rows = {{"Name:", registry.metadata.name},
               {"Namespace:", registry.metadata.namespace_name},
               {"Ready:", summary(registry)}};
  const auto add = [&](std::string name, std::string value) {
    if (!value.empty()) rows.push_back({std::move(name), std::move(value)});
  };
  add("Delivery:", status.delivery ? std::string(api::name(*status.delivery)) : "");
  add("URL:", status.url);
  add("URL for Pods:", status.cluster_url);
  const std::string& target = api::target_namespace(registry);
  const bool elsewhere = target != registry.metadata.namespace_name;
  add("Workload:",
      status.workload + (elsewhere && !status.workload.empty() ? " in " + target : ""));
  add("PVC:", status.volume_claim);
  return table(rows);
}

std::string conditions(const api::LocalRegistry& registry, base::Time now) {
  Rows rows = {{"CONDITION", "STATUS", "REASON", "AGE", "MESSAGE"}};
  for (const api::Condition& condition : registry.status.conditions) {
    std::string since = "-";
    if (condition.last_transition_time) {
      since = age(
          std::chrono::duration_cast<std::chrono::seconds>(now - *condition.last_transition_time));
    }
    rows.push_back(
        {condition.type, condition.status, or_dash(condition.reason), since, condition.message});
  }
  return rows.size() > 1 ? "\n" + table(rows) : "";
}

std::string images(const api::LocalRegistry& registry) {
  Rows rows = {{"IMAGE", "PUSH", "DELIVERY", "REFERENCE"}};
  std::string messages;
  for (const api::ImageStatus& image : registry.status.images) {
    rows.push_back({image.name, std::string(api::name(image.push_permission)),
                    image.delivery ? std::string(api::name(*image.delivery)) : "-",
                    image.resolved.empty() ? image.image : image.resolved});
    if (image.message.empty()) continue;
    messages += printable(fmt::format("{}: {}", image.name, image.message)) + "\n";
  }
  if (rows.size() == 1) return "";
  return "\n" + table(rows) + (messages.empty() ? "" : "\n" + messages);
}

constexpr CommandHelp kStatusHelp = {
    .name = "status",
    .summary = "Show the state, address and images of a LocalRegistry",
    .usage = "[NAME] [flags]",
    .description =
        "Shows a LocalRegistry: whether it is ready, its address, its conditions, and for\n"
        "each image of spec.images where it is delivered from and why. -o json and -o\n"
        "yaml print the resource itself. The exit code is 0 even if the LocalRegistry is\n"
        "not ready; use the command wait to test that.",
    .examples = "status\nstatus dev -n team-a -o yaml",
};

void declare_status(Flags& flags, StatusCommand& command) {
  flags.add_name(command.registry);
  flags.add_output(command.output, "text");
}

constexpr CommandHelp kUrlHelp = {
    .name = "url",
    .summary = "Print the address of the local registry",
    .usage = "[NAME] [flags]",
    .description =
        "Prints the host that image references of the local registry begin with, such as\n"
        "localhost:31234. Every node pulls from localhost:<nodePort>. With --in-cluster\n"
        "it prints the address of the Service instead, which programs inside Pods use,\n"
        "such as registry.team-a.svc:5000. -o name prints the name of the LocalRegistry.\n"
        "Exit code 5 if no registry runs.",
    .examples = "url\nurl dev --in-cluster",
};

void declare_url(Flags& flags, UrlCommand& command) {
  flags.add_name(command.registry);
  flags.add({.names = "--in-cluster",
             .description = "Print the address of the Service, for use inside Pods"},
            command.in_cluster);
  flags.add_output(command.output, "text");
}

}  // namespace

std::string describe(const api::LocalRegistry& registry, base::Time now) {
  return head(registry) + conditions(registry, now) + images(registry);
}

boost::asio::awaitable<Outcome<int>> run(const ClusterSession& session, StatusCommand command) {
  auto finding = find_registry(session, command.registry);
  const Outcome<api::LocalRegistry> registry = co_await std::move(finding);
  if (!registry) co_return registry.error();
  if (command.output == Output::kPeople) {
    session.console.out << describe(*registry, session.kube.clock.wall());
  } else if (command.output == Output::kName) {
    session.console.out << print_name(*registry) << "\n";
  } else {
    auto printing = print_whole(session, api::key_of(registry->metadata), command.output);
    co_return co_await std::move(printing);
  }
  co_return 0;
}

boost::asio::awaitable<Outcome<int>> run(const ClusterSession& session, UrlCommand command) {
  auto finding = find_registry(session, command.registry);
  const Outcome<api::LocalRegistry> registry = co_await std::move(finding);
  if (!registry) co_return registry.error();
  const Outcome<std::string> url = url_of(*registry, command.in_cluster);
  if (!url) co_return url.error();
  if (command.output == Output::kPeople) {
    session.console.out << *url << "\n";
  } else if (command.output == Output::kName) {
    session.console.out << print_name(*registry) << "\n";
  } else {
    json::Writer writer;
    writer.begin_object();
    writer.key(command.in_cluster ? "clusterURL" : "url");
    writer.string(*url);
    writer.end_object();
    session.console.out << print_text(writer.take(), command.output);
  }
  co_return 0;
}

CommandEntry status_command() {
  return CommandDefinition<StatusCommand>{
      .help = kStatusHelp, .declare = declare_status, .run = run_in_cluster};
}

CommandEntry url_command() {
  return CommandDefinition<UrlCommand>{
      .help = kUrlHelp, .declare = declare_url, .run = run_in_cluster};
}

}  // namespace cli
