#include "cli/commands/check.h"

#include <fmt/core.h>

#include <algorithm>
#include <ostream>

#include "base/quote.h"
#include "cli/cluster/registries.h"
#include "cli/devspace/variables.h"
#include "cli/docker/credentials.h"
#include "json/writer.h"
#include "net/file.h"

namespace cli {
namespace {

namespace asio = boost::asio;

// Docker treats registries on the local machine as insecure registries by default.
constexpr std::string_view kOwnMachine[] = {"localhost", "127.0.0.0/8", "::1/128"};

bool is_granted(const Checked& one) { return one.answer.answer == registry::Answer::kGranted; }

std::string encode(const std::vector<Checked>& checked) {
  json::Writer writer;
  writer.begin_array();
  for (const Checked& one : checked) {
    writer.begin_object();
    writer.key("image");
    writer.string(one.image);
    writer.key("pushPermission");
    writer.string(api::name(registry::permission_of(one.answer.answer)));
    writer.key("message");
    writer.string(one.answer.message);
    writer.end_object();
  }
  writer.end_array();
  return writer.take();
}

registry::CheckOptions options_of(const CheckCommand& command,
                                  const base::EnvironmentVariables& environment,
                                  const std::vector<api::ImageReference>& references) {
  registry::CheckOptions options;
  options.insecure_registries = command.insecure_registries;
  options.insecure_registries.insert(options.insecure_registries.end(), std::begin(kOwnMachine),
                                     std::end(kOwnMachine));
  for (const api::ImageReference& reference : references) {
    if (reference.domain.starts_with("localhost:")) {
      options.insecure_registries.push_back(reference.domain);
    }
  }
  options.ca_file = command.ca_file;
  options.guard_addresses = false;  // the user chooses which registries are asked
  options.environment = environment;
  options.user_agent = "kubectl-localregistry";
  return options;
}

}  // namespace

std::string print(const std::vector<Checked>& checked, Output output) {
  if (output == Output::kJson || output == Output::kYaml)
    return print_text(encode(checked), output);
  if (output == Output::kName) {
    std::string names;
    for (const Checked& one : checked) {
      if (is_granted(one)) names += fmt::format("{}\n", one.image);
    }
    return names;
  }
  std::vector<std::vector<std::string>> rows = {{"IMAGE", "PUSH", "MESSAGE"}};
  for (const Checked& one : checked) {
    rows.push_back({one.image, std::string(api::name(registry::permission_of(one.answer.answer))),
                    one.answer.message});
  }
  return table(rows);
}

asio::awaitable<Outcome<std::vector<std::string>>> declared_images(const ClusterSession& session,
                                                                   std::string registry) {
  auto finding = find_registry(session, registry);
  const Outcome<api::LocalRegistry> found = co_await std::move(finding);
  if (!found) co_return found.error();
  std::vector<std::string> images;
  for (const api::ImageSpec& image : found->spec.images) images.push_back(image.image);
  if (!images.empty()) co_return images;
  co_return Failure{
      ExitCode::kNotFound,
      fmt::format("LocalRegistry {} declares no images: give the images to check as arguments",
                  found->metadata.name)};
}

asio::awaitable<Outcome<int>> run(asio::any_io_executor executor, base::Clock& clock,
                                  const base::EnvironmentVariables& environment, Console& console,
                                  CheckCommand command) {
  std::vector<api::ImageReference> references;
  for (const std::string& image : command.images) {
    const auto reference = api::parse_image_reference(image);
    if (!reference) {
      co_return Failure{ExitCode::kUsage,
                        fmt::format("{} is not an image reference: {}", base::quoted(image),
                                    reference.error().message)};
    }
    references.push_back(*reference);
  }
  if (const auto insecure = registry::InsecureRegistries::parse(command.insecure_registries);
      !insecure) {
    co_return Failure{ExitCode::kUsage,
                      fmt::format("--insecure-registry: {}", insecure.error().message)};
  }
  if (!command.ca_file.empty()) {
    const auto file = net::read_credential_file(command.ca_file);
    if (!file) {
      co_return Failure{ExitCode::kUsage, fmt::format("--ca-file: {}", file.error().message)};
    }
  }
  const DockerCredentials credentials(environment);
  if (!credentials.warning().empty()) {
    console.err << "warning: " << printable(credentials.warning()) << "\n";
  }
  registry::PushChecker checker(executor, clock, options_of(command, environment, references));
  std::vector<Checked> checked;
  for (std::size_t i = 0; i < references.size(); ++i) {
    Checked one{command.images[i], {}};
    auto finding = credentials.find(executor, references[i]);
    auto found = co_await std::move(finding);
    if (found) {
      auto checking = checker.check(references[i], *std::move(found));
      one.answer = co_await std::move(checking);
    } else {
      one.answer.message = found.error().message;
    }
    checked.push_back(std::move(one));
  }
  console.out << print(checked, command.output);
  const bool all_granted = std::all_of(checked.begin(), checked.end(), is_granted);
  co_return static_cast<int>(all_granted ? ExitCode::kOk : ExitCode::kFailure);
}

}  // namespace cli
