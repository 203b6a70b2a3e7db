#include "cli/commands/rewrite.h"

#include <fmt/core.h>

#include <ostream>

#include "base/quote.h"
#include "cli/cluster/names.h"
#include "cli/cluster/registries.h"
#include "cli/devspace/variables.h"
#include "cli/rewriting/rewrite.h"

namespace cli {

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
          fmt::format("image {} in the status of LocalRegistry {} is not an image reference",
                      image.name, registry.metadata.name)};
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

}  // namespace cli
