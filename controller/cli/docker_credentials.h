// The user's own credentials for registries, as docker and podman keep them: a file, and programs
// that the file names. Holds secrets; on the thread of the io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "api/image_reference.h"
#include "base/environment.h"
#include "base/error.h"
#include "registry/docker_config.h"

namespace cli {

// The first of these that exists: $DOCKER_CONFIG/config.json (without DOCKER_CONFIG
// ~/.docker/config.json), $REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json. Empty: none.
std::string docker_config_file(const base::EnvironmentVariables& environment);

class DockerCredentials {
 public:
  // Reads the file; without one there are no credentials. kInvalid, kTooLarge: the message names
  // it.
  static base::Result<DockerCredentials> load(const base::EnvironmentVariables& environment);

  // Those for a repository: of the program docker-credential-NAME that the file names for its
  // registry, which is run for it, else of the file itself; nothing where there are none.
  // kNotFound, kTimeout, kTooLarge, kMalformed, kInternal: the program is not there or failed; the
  // message names it and never quotes what it printed on success. The object outlives the call.
  boost::asio::awaitable<base::Result<std::optional<registry::Credentials>>> find(
      boost::asio::any_io_executor executor, api::ImageReference repository) const;

 private:
  registry::DockerConfig config_;
};

// What a credential helper printed: "ServerURL", "Username" and "Secret". kMalformed. Pure.
base::Result<registry::Credentials> parse_helper_answer(std::string output);

}  // namespace cli
