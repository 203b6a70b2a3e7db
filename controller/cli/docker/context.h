// This file finds the configuration folder of Docker's client and the daemon that the client uses.
// The functions read files and can be called on any thread. Source: the manual's pages on contexts;
// docker/cli, cli/command and cli/context/store.
#pragma once

#include <string>

#include "base/environment.h"
#include "cli/terminal/outcome.h"

namespace cli {

// Returns $DOCKER_CONFIG, else ~/.docker; empty if neither DOCKER_CONFIG nor HOME is set.
std::string docker_folder(const base::EnvironmentVariables& environment);

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
