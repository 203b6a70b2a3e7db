#include "app/options.h"

#include <CLI/CLI.hpp>

#include "base/limits.h"
#include "base/text/dns_name.h"
#include "base/text/duration.h"
#include "base/text/quote.h"
#include "registry/policy.h"
#include "serve/bind_address.h"

namespace app {
namespace {

constexpr const char* kDescription =
    "Runs the controller of LocalRegistry resources (localregistry.dev/v1alpha1). For each of them "
    "it\ndeploys a container registry that every node of the cluster pulls from as "
    "localhost:<nodePort>.";

constexpr const char* kFooter =
    "Exit codes: 0 stopped by SIGTERM or SIGINT; 1 unexpected failure; 2 wrong flags;\n3 no usable "
    "kubeconfig or in-cluster configuration; 4 an address cannot be bound.\nWhile the API server "
    "cannot be reached, or the CRD or a permission is missing, the operator\ncontinues to run and "
    "tries again; the log and /readyz show what it is waiting for.";

struct FlagTexts {
  std::string webhook_certificate_validity = "2160h";
  std::string log_level = "info";
  std::string log_format = "text";
  bool version = false;
};

// Checks that `name` is a DNS label (RFC 1123). Returns an empty text if it is, otherwise the error
// message, as CLI11 expects.
std::string check_namespace(const std::string& name) {
  return base::is_dns_label(name)
             ? ""
             : "'" + name + "' is not the name of a namespace: use a-z, 0-9 and -";
}

// Checks that `name` is a DNS subdomain (RFC 1123). The result has the same form as that of
// check_namespace.
std::string check_name(const std::string& name) {
  const bool valid = base::is_dns_subdomain(name, base::kDnsLabelBytes);
  return valid ? "" : "'" + name + "' is not a Kubernetes name: use a-z, 0-9, - and .";
}

// Checks that `text` is a valid lifetime of a certificate. The result has the same form as that of
// check_namespace.
std::string check_validity(const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) return duration.error().message;
  if (*duration < limits::kMinCertificateValidity || *duration > limits::kMaxCertificateValidity) {
    return "'" + text + "' must be from 10s to 43800h";
  }
  return "";
}

void add_webhook_flags(CLI::App& app, Options& options, FlagTexts& texts) {
  app.add_option("--webhook-bind-address", options.webhook_bind_address,
                 "Address that the admission webhook listens on; 0: off")
      ->capture_default_str()
      ->type_name("ADDRESS");
  app.add_option("--webhook-service", options.webhook_service,
                 "Service of the webhook, in the pod's namespace")
      ->capture_default_str()
      ->check(check_namespace, "")
      ->type_name("NAME");
  app.add_option("--webhook-secret", options.webhook_secret,
                 "Secret, in the pod's namespace, with the webhook's certificate")
      ->capture_default_str()
      ->check(check_name, "")
      ->type_name("NAME");
  app.add_option("--webhook-configuration", options.webhook_configuration,
                 "MutatingWebhookConfiguration in which the operator sets the caBundle")
      ->capture_default_str()
      ->check(check_name, "")
      ->type_name("NAME");
  app.add_option("--webhook-certificate-validity", texts.webhook_certificate_validity,
                 "Validity of the webhook's certificate; it is renewed in time")
      ->capture_default_str()
      ->check(check_validity, "")
      ->type_name("DURATION");
}

void add_flags(CLI::App& app, Options& options, FlagTexts& texts) {
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.add_flag("--version", texts.version, "Print the version and exit");
  app.add_option("--kubeconfig", options.kubeconfig,
                 "Kubeconfig file. Default: the pod's service account; outside of a "
                 "pod,\n$KUBECONFIG or ~/.kube/config")
      ->type_name("FILE");
  app.add_option("--context", options.context,
                 "Context of the kubeconfig. Default: its current context")
      ->type_name("NAME");
  app.add_option("--watch-namespaces", options.watch_namespaces,
                 "Namespaces to watch, separated by commas. Default: all")
      ->delimiter(',')
      ->check(check_namespace, "")
      ->type_name("NS");
  app.add_flag("--leader-elect", options.leader_elect,
               "Reconcile only while holding the Lease; needed with several replicas");
  app.add_option("--leader-election-namespace", options.leader_election_namespace,
                 "Namespace of the Lease. Default: the pod's namespace")
      ->type_name("NS");
  app.add_option("--leader-election-id", options.leader_election_id,
                 "Name of the Lease; must differ between releases in the same namespace")
      ->capture_default_str()
      ->check(check_name, "")
      ->type_name("NAME");
  app.add_option("--metrics-bind-address", options.metrics_bind_address,
                 "Address that /metrics is served on; 0: off")
      ->capture_default_str()
      ->type_name("ADDRESS");
  app.add_option("--health-probe-bind-address", options.health_probe_bind_address,
                 "Address that /healthz and /readyz are served on; 0: off")
      ->capture_default_str()
      ->type_name("ADDRESS");
  add_webhook_flags(app, options, texts);
  app.add_option("--max-concurrent-reconciles", options.max_concurrent_reconciles,
                 "Number of LocalRegistries that are reconciled at the same time")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, limits::kMaxWorkers))
      ->type_name("N");
  app.add_option("--insecure-registries", options.insecure_registries,
                 "Registries that push checks contact by plain HTTP or unverified TLS,\nand at any "
                 "address: host, host:port or network; separated by commas")
      ->delimiter(',')
      ->type_name("HOST");
  app.add_option("--push-check-deny", options.push_check_deny,
                 "Networks, such as 10.0.0.0/8, that push checks must not contact, in\naddition to "
                 "the Service network; separated by commas")
      ->delimiter(',')
      ->type_name("NET");
  app.add_option("--allowed-images", options.allowed_images,
                 "Prefixes of the images that a LocalRegistry may run in another\nnamespace "
                 "(spec.namespace); separated by commas. Default: any image")
      ->delimiter(',')
      ->type_name("IMAGE");
  app.add_option("--registry-ca-file", options.registry_ca_file,
                 "PEM file with CAs for registries, in addition to the system's")
      ->type_name("FILE");
  app.add_option("--log-level", texts.log_level, "Log level: debug, info, warn or error")
      ->capture_default_str()
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->type_name("LEVEL");
  app.add_option("--log-format", texts.log_format, "Log format: text or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
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

base::Result<std::chrono::seconds> parse_duration(std::string_view text) {
  const auto duration = base::parse_duration(text, base::DurationForm::kSeconds);
  if (duration) return std::chrono::duration_cast<std::chrono::seconds>(*duration);
  return base::Error{base::ErrorCode::kInvalid,
                     base::quoted(text) + " is not a duration, such as 90s or 2160h"};
}

base::Result<CommandLine> parse_command_line(int count, const char* const* arguments,
                                             const std::string& version) {
  CommandLine line;
  FlagTexts texts;
  CLI::App app(kDescription, "local-registry-operator");
  app.footer(kFooter);
  add_flags(app, line.options, texts);
  try {
    app.parse(count, arguments);
  } catch (const CLI::CallForHelp&) {
    line.print = app.help();
    return line;
  } catch (const CLI::ParseError& error) {
    return base::Error{base::ErrorCode::kInvalid, base::reported(error.what())};
  }
  if (texts.version) line.print = "local-registry-operator " + version + "\n";
  line.options.webhook_certificate_validity =
      parse_duration(texts.webhook_certificate_validity).value();
  const auto insecure = registry::InsecureRegistries::parse(line.options.insecure_registries);
  if (!insecure) {
    return base::Error{base::ErrorCode::kInvalid,
                       "--insecure-registries: " + insecure.error().message};
  }
  const auto denied = registry::Networks::parse(line.options.push_check_deny);
  if (!denied) {
    return base::Error{base::ErrorCode::kInvalid, "--push-check-deny: " + denied.error().message};
  }
  line.options.log_level = *base::parse_log_level(texts.log_level);
  line.options.log_format = *base::parse_log_format(texts.log_format);
  const base::Result<void> addresses = check_addresses(line.options);
  if (!addresses) return addresses.error();
  return line;
}

}  // namespace app
