// This file reads images from a daemon with Docker's API (Docker, podman) through its Unix socket.
// Coroutines run on the thread of the io_context. Source: the reference of the Docker Engine API.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "cli/terminal/outcome.h"

namespace cli {

// Returns the path of the daemon's socket: that of DOCKER_HOST or of the Docker context (unix://
// only), else the first of these that this user may read and write: /var/run/docker.sock,
// $XDG_RUNTIME_DIR/docker.sock (rootless Docker), and podman's $XDG_RUNTIME_DIR/podman/podman.sock
// and /run/podman/podman.sock. If this user may access none of them, returns the first that exists.
// kFailure: none exists, or the configured address is not unix://PATH.
Outcome<std::string> daemon_socket(const base::EnvironmentVariables& environment);

// Writes the image, in the format of `docker save`, to a file descriptor. Calls `on_progress` with
// the number of bytes written so far. kNotFound: the daemon has no such image. kInternal: the
// daemon answers with another HTTP status. kNetwork, kTimeout, kMalformed: the exchange failed.
// kInvalid: the file cannot be written, or `image` does not fit into a URL. Messages about the
// daemon name the socket.
boost::asio::awaitable<base::Result<void>> save_image(
    boost::asio::any_io_executor executor, base::Clock& clock, std::string socket,
    std::string image, int descriptor, std::function<void(std::uint64_t)> on_progress);

}  // namespace cli
