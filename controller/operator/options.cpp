#include "operator/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "base/quote.h"
#include "registry/policy.h"

namespace controller {
namespace {

constexpr const char* kDescription =
    "Gives developers a registry in the cluster that every node pulls from as "
    "localhost:<nodePort>.\n"
    "It reconciles LocalRegistry resources (localregistry.dev/v1alpha1).";

constexpr const char* kFooter =
    "Exit codes: 0 stopped by SIGTERM or SIGINT; 1 unexpected failure; 2 wrong flags;\n"
    "3 no usable kubeconfig or in-cluster configuration; 4 an address cannot be bound.\n"
    "An API server that cannot be reached, a missing CRD or missing rights end nothing: the log "
    "and\n"
    "/readyz say what it waits for.";

struct Words {
  std::string webhook_certificate_validity = "2160h";
  std::string log_level = "info";
  std::string log_format = "text";
  bool version = false;
};

// Checks for a DNS label (RFC 1123). Returns an empty text if the name is one, else the error
// message, as CLI11 expects.
std::string is_namespace(const std::string& name) {
  constexpr std::size_t kMost = 63;
  const auto is_inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  const bool valid = !name.empty() && name.size() <= kMost && name.front() != '-' &&
                     name.back() != '-' && std::all_of(name.begin(), name.end(), is_inner);
  return valid ? "" : "'" + name + "' is no name of a namespace: use a-z, 0-9 and -";
}

// Checks for a DNS subdomain (RFC 1123), and returns like is_namespace.
std::string is_name(const std::string& name) {
  constexpr std::size_t kMost = 253;
  bool valid = name.size() <= kMost;
  for (std::size_t begin = 0; valid && begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    valid = is_namespace(name.substr(begin, end - begin)).empty();
    begin = end + 1;
  }
  return valid ? "" : "'" + name + "' is no name: use a-z, 0-9, - and .";
}

// Checks how long a certificate may be valid, and returns like is_namespace.
std::string is_validity(const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) return duration.error().message;
  if (*duration < limits::kCertificateValidityLeast ||
      *duration > limits::kCertificateValidityMost) {
    return "'" + text + "' is less than 10s or more than 43800h";
  }
  return "";
}

void add_webhook_flags(CLI::App& app, Options& options, Words& words) {
  app.add_option("--webhook-bind-address", options.webhook_bind_address,
                 "Address of the admission webhook; 0: off")
      ->capture_default_str()
      ->type_name("ADDRESS");
  app.add_option("--webhook-service", options.webhook_service,
                 "Service, in the pod's namespace, that the certificate is for")
      ->capture_default_str()
      ->check(is_namespace, "")
      ->type_name("NAME");
  app.add_option("--webhook-secret", options.webhook_secret,
                 "Secret, in the pod's namespace, that keeps the certificate")
      ->capture_default_str()
      ->check(is_name, "")
      ->type_name("NAME");
  app.add_option("--webhook-configuration", options.webhook_configuration,
                 "MutatingWebhookConfiguration that is told of it")
      ->capture_default_str()
      ->check(is_name, "")
      ->type_name("NAME");
  app.add_option("--webhook-certificate-validity", words.webhook_certificate_validity,
                 "How long a certificate is good for")
      ->capture_default_str()
      ->check(is_validity, "")
      ->type_name("DURATION");
}

void add_flags(CLI::App& app, Options& options, Words& words) {
  app.set_help_flag("-h,--help", "Print this and exit");
  app.add_flag("--version", words.version, "Print the version and exit");
  app.add_option("--kubeconfig", options.kubeconfig,
                 "Kubeconfig file; else in-cluster, $KUBECONFIG or ~/.kube/config")
      ->type_name("FILE");
  app.add_option("--context", options.context, "Context of the kubeconfig")->type_name("NAME");
  app.add_option("--watch-namespaces", options.watch_namespaces,
                 "Only these namespaces, separated by commas; else all")
      ->delimiter(',')
      ->check(is_namespace, "")
      ->type_name("NS");
  app.add_flag("--leader-elect", options.leader_elect,
               "Work only while holding the Lease: for several replicas");
  app.add_option("--leader-election-namespace", options.leader_election_namespace,
                 "Namespace of the Lease; else the pod's own")
      ->type_name("NS");
  app.add_option("--leader-election-id", options.leader_election_id,
                 "Name of the Lease; each release in a namespace needs one of its own")
      ->capture_default_str()
      ->check(is_name, "")
      ->type_name("NAME");
  app.add_option("--metrics-bind-address", options.metrics_bind_address,
                 "Address of /metrics; 0: off")
      ->capture_default_str()
      ->type_name("ADDRESS");
  app.add_option("--health-probe-bind-address", options.health_probe_bind_address,
                 "Address of /healthz and /readyz; 0: off")
      ->capture_default_str()
      ->type_name("ADDRESS");
  add_webhook_flags(app, options, words);
  app.add_option("--max-concurrent-reconciles", options.max_concurrent_reconciles,
                 "Resources reconciled at once")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, limits::kWorkersMost))
      ->type_name("N");
  app.add_option("--insecure-registries", options.insecure_registries,
                 "Registries without verified TLS, at any address; separated by commas")
      ->delimiter(',')
      ->type_name("HOST");
  app.add_option("--push-check-deny", options.push_check_deny,
                 "Networks (10.0.0.0/8) where no push check goes, besides the Services'")
      ->delimiter(',')
      ->type_name("NET");
  app.add_option("--allowed-images", options.allowed_images,
                 "Prefixes of images for registries in other namespaces; else any")
      ->delimiter(',')
      ->type_name("IMAGE");
  app.add_option("--registry-ca-file", options.registry_ca_file,
                 "CA certificates (PEM) for registries, besides the system's")
      ->type_name("FILE");
  app.add_option("--log-level", words.log_level, "debug, info, warn or error")
      ->capture_default_str()
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->type_name("LEVEL");
  app.add_option("--log-format", words.log_format, "text or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
}

}  // namespace

base::Result<std::chrono::seconds> parse_duration(std::string_view text) {
  const base::Error invalid{base::ErrorCode::kInvalid,
                            base::quoted(text) + " is no duration: like 90s or 2160h"};
  std::chrono::seconds sum{};
  std::string_view rest = text;
  std::string_view units = "hms";
  while (!rest.empty()) {
    unsigned number = 0;
    const auto [stop, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
    const auto unit = rest.empty() ? std::string_view::npos : units.find(rest.front());
    if (failure != std::errc() || unit == std::string_view::npos) return invalid;
    const std::chrono::seconds one = rest.front() == 'h'   ? std::chrono::hours(1)
                                     : rest.front() == 'm' ? std::chrono::minutes(1)
                                                           : std::chrono::seconds(1);
    sum += number * one;
    rest.remove_prefix(1);
    units.remove_prefix(unit + 1);
  }
  if (text.empty()) return invalid;
  return sum;
}

base::Result<CommandLine> parse_command_line(int count, const char* const* arguments,
                                             const std::string& version) {
  CommandLine line;
  Words words;
  CLI::App app(kDescription, "local-registry-operator");
  app.footer(kFooter);
  add_flags(app, line.options, words);
  try {
    app.parse(count, arguments);
  } catch (const CLI::CallForHelp&) {
    line.print = app.help();
    return line;
  } catch (const CLI::ParseError& error) {
    return base::Error{base::ErrorCode::kInvalid, base::reported(error.what())};
  }
  if (words.version) line.print = "local-registry-operator " + version + "\n";
  line.options.webhook_certificate_validity =
      parse_duration(words.webhook_certificate_validity).value();
  const auto insecure = registry::InsecureRegistries::parse(line.options.insecure_registries);
  if (!insecure) {
    return base::Error{base::ErrorCode::kInvalid,
                       "--insecure-registries: " + insecure.error().message};
  }
  const auto denied = registry::Networks::parse(line.options.push_check_deny);
  if (!denied) {
    return base::Error{base::ErrorCode::kInvalid, "--push-check-deny: " + denied.error().message};
  }
  line.options.log_level = *base::parse_log_level(words.log_level);
  line.options.log_format = *base::parse_log_format(words.log_format);
  return line;
}

}  // namespace controller
