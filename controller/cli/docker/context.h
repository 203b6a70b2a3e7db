// This file finds the configuration folder of Docker's client and the daemon that the client uses.
// Reads files; any thread. Source: the manual's pages on contexts; docker/cli, cli/command and
// cli/context/store.
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

// Returns DOCKER_HOST, else the endpoint of the Docker context that DOCKER_CONTEXT, or else
// currentContext of config.json, names. kFailure: the context does not exist or has no address, or
// a file cannot be read.
Outcome<DockerHost> docker_host(const base::EnvironmentVariables& environment);

}  // namespace cli
