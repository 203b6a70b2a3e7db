// push: images to where the LocalRegistry says that they go.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/connection.h"
#include "cli/outcome.h"
#include "cli/push_target.h"
#include "cli/route.h"
#include "cli/session.h"

namespace cli {

struct PushCommand {
  std::vector<std::string> images;
  std::string registry;
  std::string archive;  // of `docker save` or OCI; empty: from the daemon
  std::string layout;   // a folder
  std::string kind_cluster;
  Via via = Via::kAuto;
  Output output = Output::kPeople;
};

struct PushedImage {
  PushTarget target;
  std::string digest = {};  // of its manifest; empty for KinD
  std::uint64_t sent_bytes = 0;
  int blobs = 0;
  int present_blobs = 0;  // that the registry had already
};

// What is printed of the images: their references in the cluster, one a line (also for kName), or
// JSON or YAML. Pure.
std::string print(const std::vector<PushedImage>& images, Output output);

// The words of `kind` that load the image. Pure.
std::vector<std::string> kind_arguments(const PushCommand& command, const PushTarget& target,
                                        const std::string& cluster);

// Pushes to the local registry. What KinD is to load comes back without a digest: for that there is
// load_into_kind, once there are no other threads.
boost::asio::awaitable<Outcome<std::vector<PushedImage>>> push(const Session& session,
                                                               Connection connection,
                                                               PushCommand command);

// Runs `kind load …` for those images. kNotFound: the archive does not have one of them; nothing is
// loaded then. Blocks.
Outcome<> load_into_kind(const std::string& context, const PushCommand& command,
                         const std::vector<PushedImage>& images);

}  // namespace cli
