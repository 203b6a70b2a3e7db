// Where Docker's client keeps its settings, and which daemon they choose. Reads files; any thread.
// Source: the manual's pages on contexts; docker/cli, cli/command and cli/context/store.
#pragma once

#include <string>

#include "base/environment.h"
#include "cli/outcome.h"

namespace cli {

// $DOCKER_CONFIG, else ~/.docker; empty: neither is known.
std::string docker_folder(const base::EnvironmentVariables& environment);

struct DockerHost {
  std::string address;  // "unix:///var/run/docker.sock", "ssh://…"; empty: nobody chose one
  std::string origin;   // for messages: "DOCKER_HOST", "the Docker context remote"
};

// DOCKER_HOST, else the endpoint of the context that DOCKER_CONTEXT or else currentContext of
// config.json names. kFailure: there is no such context, or a file cannot be read.
Outcome<DockerHost> docker_host(const base::EnvironmentVariables& environment);

}  // namespace cli
