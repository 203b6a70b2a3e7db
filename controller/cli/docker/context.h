// This file finds the configuration folder of Docker's client and the daemon that the client uses.
// The functions read files and can be called on any thread. Source: the manual's pages on contexts;
// docker/cli, cli/command and cli/context/store.
#pragma once

#include <string>

#include "base/environment.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text/quote.h"
#include "cli/terminal/input.h"
#include "cli/terminal/outcome.h"

namespace cli {

// Returns $DOCKER_CONFIG, else ~/.docker; empty if neither DOCKER_CONFIG nor HOME is set.
std::string docker_folder(const base::EnvironmentVariables& environment);

// Returns config.json in that folder; empty if there is no folder.
std::string docker_config_file(const base::EnvironmentVariables& environment);

// Reads a file of Docker's configuration and returns what `parse` makes of its text. kInvalid: the
// file cannot be read or has more than limits::kDockerConfigBytes; the errors of `parse`. The
// message names the file.
template <class Parse>
auto read_docker_file(const std::string& path, Parse parse) -> decltype(parse(std::string())) {
  const Outcome<std::string> text = read_input(path, limits::kDockerConfigBytes);
  if (!text) return base::invalid(text.error().message);
  auto value = parse(*text);
  if (value) return value;
  return base::prefixed(base::shown_path(path), value.error());
}

struct DockerHost {
  std::string address;  // "unix:///var/run/docker.sock", "ssh://…"; empty: not configured
  std::string origin;   // for messages: "DOCKER_HOST", "the Docker context remote"
};

// Returns DOCKER_HOST if it is set, else the endpoint of the Docker context; an empty address if
// neither is configured. DOCKER_CONTEXT names the context; if it is not set, currentContext of
// config.json does. kFailure: the context does not exist or has no address, or a file cannot be
// read.
Outcome<DockerHost> docker_host(const base::EnvironmentVariables& environment);

}  // namespace cli
