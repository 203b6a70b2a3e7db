// The user's own credentials for registries, as docker and podman keep them: a file, and programs
// that the file names. Holds secrets; on the thread of the io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/image_reference.h"
#include "base/environment.h"
#include "base/error.h"
#include "registry/docker_config.h"

namespace cli {

// The files that exist, in the order in which they are asked: $REGISTRY_AUTH_FILE;
// $DOCKER_CONFIG/config.json, or without DOCKER_CONFIG ~/.docker/config.json;
// $XDG_RUNTIME_DIR/containers/auth.json; $XDG_CONFIG_HOME/containers/auth.json, or without
// XDG_CONFIG_HOME that in ~/.config. Source: containers-auth.json(5), but that Docker's own file
// comes before podman's.
std::vector<std::string> credential_files(const base::EnvironmentVariables& environment);

class DockerCredentials {
 public:
  // Reads DOCKER_AUTH_CONFIG and the files.
  explicit DockerCredentials(const base::EnvironmentVariables& environment);

  // Why DOCKER_AUTH_CONFIG is not used, which Docker only warns of as well; empty: it is used, or
  // not set. Nothing of its value is in the text.
  const std::string& warning() const { return warning_; }

  // Those for a repository: of DOCKER_AUTH_CONFIG (which wins over files and programs, as in Docker
  // 28.3), else of the first file that has an entry for it: of the program
  // docker-credential-NAME that the file names for its registry, which is run for it, else of the
  // file itself. Nothing where there are none.
  // kInvalid, kTooLarge: a file that was reached cannot be read; the message names it. kNotFound,
  // kTimeout, kTooLarge, kMalformed, kInternal: the program is not there or failed; the message
  // names it and never quotes what it printed on success. The object outlives the call.
  boost::asio::awaitable<base::Result<std::optional<registry::Credentials>>> find(
      boost::asio::any_io_executor executor, api::ImageReference repository) const;

 private:
  std::vector<base::Result<registry::DockerConfig>> configs_;
  std::string warning_;
};

// What a credential helper printed: "ServerURL", "Username" and "Secret"; nothing when it has
// neither, which is how some helpers say that they have no entry. kMalformed. Pure.
base::Result<std::optional<registry::Credentials>> parse_helper_answer(std::string output);

}  // namespace cli
