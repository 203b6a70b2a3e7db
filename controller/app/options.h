// The flags of the operator program, as plain values.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"

namespace app {

struct Options {
  std::string kubeconfig;
  std::string context;
  std::vector<std::string> watch_namespaces;  // empty: all namespaces
  bool leader_elect = false;
  std::string leader_election_namespace;                       // empty: the pod's namespace
  std::string leader_election_id = "local-registry-operator";  // name of the Lease
  std::string metrics_bind_address = ":8080";
  std::string health_probe_bind_address = ":8081";
  std::string webhook_bind_address = ":9443";
  std::string webhook_service =
      "local-registry-operator-webhook";                           // its name is in the certificate
  std::string webhook_secret = "local-registry-operator-webhook";  // has the certificate
  std::string webhook_configuration = "local-registry-operator";
  std::chrono::seconds webhook_certificate_validity = limits::kCertificateValidity;
  std::size_t max_concurrent_reconciles = 8;
  std::vector<std::string> insecure_registries;  // see registry::InsecureRegistries
  std::vector<std::string> push_check_deny;      // see registry::Networks
  std::vector<std::string> allowed_images;       // prefixes, for other namespaces; empty: any
  std::string registry_ca_file;                  // CAs besides the system's
  base::LogLevel log_level = base::LogLevel::kInfo;
  base::LogFormat log_format = base::LogFormat::kText;
};

// The exit codes of the program, as --help lists them.
enum class ExitCode {
  kStopped = 0,
  kFailure = 1,
  kUsage = 2,
  kConfiguration = 3,
  kBind = 4,
};

// The parsed command line: the options to run with, or a text to print before the program exits.
struct CommandLine {
  Options options;
  std::string print;  // help or version; empty: run
};

// Parses a duration of whole hours, minutes and seconds in the notation of Go, such as "90s" or
// "1h30m". kInvalid for other texts.
base::Result<std::chrono::seconds> parse_duration(std::string_view text);

// Parses the command line. kInvalid, with a message that names the flag, for invalid arguments.
base::Result<CommandLine> parse_command_line(int count, const char* const* arguments,
                                             const std::string& version);

}  // namespace app
