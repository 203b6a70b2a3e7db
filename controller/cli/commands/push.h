// The push command pushes images to the registry of a LocalRegistry, or loads them into the nodes
// of a KinD cluster, depending on the delivery of each image.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/cluster/connection.h"
#include "cli/cluster/push_target.h"
#include "cli/cluster/route.h"
#include "cli/cluster/session.h"
#include "cli/grammar/command.h"
#include "cli/terminal/outcome.h"

namespace cli {

struct PushCommand {
  std::vector<std::string> images;
  std::string registry;
  std::string archive;  // tar of `docker save` or OCI archive; empty: see `layout`
  std::string layout;   // folder with an OCI layout; both empty: the daemon has the images
  std::string kind_cluster;
  Via via = Via::kAuto;
  Output output = Output::kPeople;
};

struct PushedImage {
  PushTarget target;
  std::string digest = {};  // digest of the manifest; empty for KinD
  std::uint64_t sent_bytes = 0;
  int blobs = 0;
  int present_blobs = 0;  // blobs that the registry already had
};

// Returns the output of the command: the references for Pods, one per line (kPeople and kName), or
// JSON or YAML. Pure.
std::string print(const std::vector<PushedImage>& images, Output output);

// Returns the command line of `kind` that loads the image. Pure.
std::vector<std::string> kind_arguments(const PushCommand& command, const PushTarget& target,
                                        const std::string& cluster);

// Pushes the images that the local registry delivers. Images for KinD are returned without a
// digest; the caller passes them to load_into_kind() when the process has no other threads.
boost::asio::awaitable<Outcome<std::vector<PushedImage>>> push(const ClusterSession& session,
                                                               Connection connection,
                                                               PushCommand command);

// Runs `kind load` for the images that are loaded into KinD. kNotFound: the archive does not have
// one of them; then nothing is loaded. Blocks. The process must have no other threads (see
// hook_process.h).
Outcome<> load_into_kind(const std::string& context, const PushCommand& command,
                         const std::vector<PushedImage>& images);

CommandEntry push_command();

}  // namespace cli
