#include "cli/commands/rewrite.h"

#include <fmt/core.h>

#include <ostream>

#include "base/text/quote.h"
#include "cli/cluster/names.h"
#include "cli/cluster/registries.h"
#include "cli/cluster/registry_status.h"
#include "cli/grammar/in_cluster.h"
#include "cli/rewriting/rewrite.h"
#include "cli/terminal/input.h"

namespace cli {
namespace {

constexpr CommandHelp kRewriteHelp = {
    .name = "rewrite",
    .summary = "Rewrite image references in manifests to the local registry",
    .usage = "-f FILE|- [flags]",
    .description =
        "Prints manifests, Helm values, a Compose file or a devspace.yaml with its image\n"
        "references rewritten to the local registry, so that nodes pull the images from\n"
        "there. All other text is printed unchanged. The file itself is not changed.\n"
        "\n"
        "Only images that the local registry delivers are rewritten: those of spec.images\n"
        "with delivery LocalRegistry, or those of --image. A reference with a registry,\n"
        "tag or digest is rewritten under any key. A path alone (org/app) is rewritten\n"
        "only under a key that names an image, such as image. The keys registry and\n"
        "repository of one mapping are rewritten together. A value that looks like one of\n"
        "these images but is not rewritten causes a warning on standard error.\n"
        "\n"
        "To use it as a Helm post-renderer, give Helm 3 this program, and give Helm 4 the\n"
        "name of a plugin (deploy/helm-plugin). Helm 3 does not post-render hooks. Helm 4\n"
        "does not show the warnings.",
    .examples = "rewrite -f deployment.yaml | kubectl apply -f -",
    .further =
        "kubectl localregistry rewrite -f - --image ghcr.io/org/app \\\n"
        "  --registry-url localhost:31234\n"
        "helm install app ./chart --post-renderer kubectl-localregistry \\\n"
        "  --post-renderer-args rewrite                           # Helm 3\n"
        "helm plugin install deploy/helm-plugin\n"
        "helm install app ./chart --post-renderer localregistry   # Helm 4",
};

void declare(Flags& flags, RewriteCommand& command) {
  flags.add({.names = "-f,--filename",
             .description = "Input file, or - for standard input (default -)",
             .type = "FILE",
             .kind = ValueKind::kFile},
            command.file);
  flags.add_registry(command.registry);
  flags.add({.names = "--image",
             .description =
                 "Repository to rewrite, instead of the images of a LocalRegistry; may be repeated",
             .type = "REPO"},
            command.images);
  flags.add({.names = "--registry-url",
             .description = "Address of the registry; required with --image",
             .type = "HOST:PORT"},
            command.registry_url);
}

Outcome<> check(const RewriteCommand& command) {
  if (command.images.empty() == command.registry_url.empty()) return {};
  return usage_failure(
      "--image and --registry-url must be given together; give neither to use the LocalRegistry in "
      "the cluster");
}

Outcome<int> run_rewrite(const Invocation& invocation, const RewriteCommand& command) {
  const auto ask = [&](const ClusterSession& session) {
    return ask_targets(session, command.registry);
  };
  const auto targets =
      is_offline(command) ? rewrite_targets(command) : ask_cluster(invocation, ask);
  if (!targets) return targets.error();
  return run(invocation.console, command, *targets);
}

}  // namespace

Outcome<std::vector<api::RewriteTarget>> rewrite_targets(const api::LocalRegistry& registry) {
  const auto deliveries = image_deliveries(registry);
  if (!deliveries) return deliveries.error();
  std::vector<api::RewriteTarget> targets;
  for (const ImageDelivery& image : *deliveries) {
    if (image.delivery != api::Delivery::kLocalRegistry) continue;
    const auto reference = api::parse_image_reference(image.image);
    const auto resolved = api::parse_image_reference(image.resolved);
    if (!reference || !resolved) {
      return Failure{
          ExitCode::kFailure,
          fmt::format("LocalRegistry {}: image {} has no valid reference ({} in spec.images, {} in "
                      "status.images): correct spec.images",
                      registry.metadata.name, image.name, base::quoted(image.image),
                      base::quoted(image.resolved))};
    }
    targets.push_back({*reference, resolved->domain});
  }
  return targets;
}

Outcome<std::vector<api::RewriteTarget>> rewrite_targets(const RewriteCommand& command) {
  const auto usage = [](std::string message) {
    return Failure{ExitCode::kUsage, std::move(message)};
  };
  // The value must be valid as the host of a reference.
  const auto host = api::parse_image_reference(command.registry_url + "/x");
  const std::string& url = command.registry_url;
  const std::size_t colon = url.rfind(':');
  const bool has_port =
      colon != std::string::npos && is_port(std::string_view(url).substr(colon + 1));
  if (!host || host->domain != url || !has_port) {
    return usage(fmt::format("--registry-url: {} is not HOST:PORT, such as localhost:31234",
                             base::quoted(command.registry_url)));
  }
  std::vector<api::RewriteTarget> targets;
  for (const std::string& image : command.images) {
    const auto reference = api::parse_image_reference(image);
    if (!reference) return usage(fmt::format("--image: {}", reference.error().message));
    if (!reference->tag.empty() || !reference->digest.empty()) {
      return usage(fmt::format("--image: {} has a tag or a digest: give only the repository",
                               base::quoted(image)));
    }
    targets.push_back({*reference, command.registry_url});
  }
  return targets;
}

boost::asio::awaitable<Outcome<std::vector<api::RewriteTarget>>> ask_targets(
    const ClusterSession& session, std::string registry) {
  auto finding = find_registry(session, registry);
  const Outcome<api::LocalRegistry> found = co_await std::move(finding);
  if (!found) co_return found.error();
  co_return rewrite_targets(*found);
}

Outcome<int> run(Console& console, const RewriteCommand& command,
                 const std::vector<api::RewriteTarget>& targets) {
  const auto report = rewrite_file(command.file, api::ImageRewriter(targets), console.out);
  if (!report) return failure_of(report.error());
  const std::string file = shown_file(command.file);
  for (const RewriteWarning& warning : report->warnings) {
    console.err << printable(fmt::format("warning: {}:{}: {}", file, warning.line, warning.message))
                << "\n";
  }
  if (report->more_warnings > 0) {
    console.err << printable(fmt::format("warning: {}: and {} more warnings like these", file,
                                         report->more_warnings))
                << "\n";
  }
  return 0;
}

CommandEntry rewrite_command() {
  return CommandDefinition<RewriteCommand>{
      .help = kRewriteHelp, .declare = declare, .run = run_rewrite, .check = check};
}

}  // namespace cli
