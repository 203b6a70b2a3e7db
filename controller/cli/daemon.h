// A daemon with Docker's API (Docker, podman) and the images in it, through its socket. On the
// thread of the io_context. Source: the reference of the Docker Engine API
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "base/environment.h"
#include "base/error.h"
#include "cli/outcome.h"

namespace cli {

// The socket of DOCKER_HOST or of the Docker context (unix:// only), else the first that may be
// used of /var/run/docker.sock, $XDG_RUNTIME_DIR/docker.sock (of a rootless Docker) and podman's:
// $XDG_RUNTIME_DIR/podman/podman.sock, /run/podman/podman.sock. kFailure: there is none.
Outcome<std::string> daemon_socket(const base::EnvironmentVariables& environment);

// Writes the image as `docker save` gives it to the descriptor of a file. told: of the bytes so
// far. kNotFound: the daemon has no such image. kNetwork, kTimeout, kMalformed; kInvalid: the file
// cannot be written. All messages name the socket.
boost::asio::awaitable<base::Result<void>> save_image(boost::asio::any_io_executor executor,
                                                      std::string socket, std::string image,
                                                      int descriptor,
                                                      std::function<void(std::uint64_t)> told);

}  // namespace cli
