// DockerCredentials finds the user's own credentials for registries. It searches where docker and
// podman keep them: in files, and in the credential helpers that these files name. The object holds
// secrets. Coroutines run on the thread of the io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/images/image_reference.h"
#include "base/environment.h"
#include "base/error.h"
#include "registry/docker_config.h"

namespace cli {

// Returns the credential files that exist, in order of precedence: $REGISTRY_AUTH_FILE;
// $DOCKER_CONFIG/config.json, or without DOCKER_CONFIG ~/.docker/config.json;
// $XDG_RUNTIME_DIR/containers/auth.json; $XDG_CONFIG_HOME/containers/auth.json, or without
// XDG_CONFIG_HOME ~/.config/containers/auth.json. Source: containers-auth.json(5), except that
// Docker's own file precedes podman's.
std::vector<std::string> credential_files(const base::EnvironmentVariables& environment);

class DockerCredentials {
 public:
  // Reads DOCKER_AUTH_CONFIG and the files of credential_files().
  explicit DockerCredentials(const base::EnvironmentVariables& environment);

  // Returns the reason why DOCKER_AUTH_CONFIG is ignored; empty if it is used or not set. Callers
  // print it as a warning and continue, as Docker does. The text contains nothing of the variable's
  // value.
  const std::string& warning() const { return warning_; }

  // Returns the credentials for a repository; nullopt if there are none. DOCKER_AUTH_CONFIG takes
  // precedence over files and helpers, as in Docker 28.3. Then the files are searched in their
  // order, up to the first with credentials. If a file names a helper docker-credential-NAME for
  // the registry, each call runs that helper, and uses the entries of the file only if the helper
  // has none. kInvalid, kTooLarge: a file that is searched cannot be read; the message names the
  // file. kNotFound, kTimeout, kTooLarge, kMalformed, kInternal: the helper is missing or failed;
  // the message names the helper and never quotes what a successful helper printed. The object must
  // outlive the call.
  boost::asio::awaitable<base::Result<std::optional<registry::Credentials>>> find(
      boost::asio::any_io_executor executor, api::ImageReference repository) const;

 private:
  std::vector<base::Result<registry::DockerConfig>> configs_;
  std::string warning_;
};

// Parses the output of a credential helper: "ServerURL", "Username" and "Secret". Returns nullopt
// if secret and user name are empty, because some helpers report a missing entry that way.
// kMalformed: the output is not such an object. Pure.
base::Result<std::optional<registry::Credentials>> parse_helper_answer(std::string output);

}  // namespace cli
