// This file implements the rewrite command: it decides which images are rewritten, and to which
// registry.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "api/images/image_rewriter.h"
#include "api/local_registry.h"
#include "cli/cluster/session.h"
#include "cli/grammar/command.h"
#include "cli/terminal/outcome.h"

namespace cli {

struct RewriteCommand {
  std::string file = "-";
  std::string registry;             // name of the LocalRegistry whose images are rewritten
  std::vector<std::string> images;  // --image: repositories; requires registry_url
  std::string registry_url;         // --registry-url: HOST:PORT
};

// Returns the declared images that the local registry delivers. kNotFound: no image is declared.
// kNotReady: the delivery of an image is not decided yet. Pure.
Outcome<std::vector<api::RewriteTarget>> rewrite_targets(const api::LocalRegistry& registry);

// Returns the targets that --image and --registry-url name. kUsage: one of the flags is wrong.
// Pure.
Outcome<std::vector<api::RewriteTarget>> rewrite_targets(const RewriteCommand& command);

// Returns whether the flags name the targets, so that no request to the cluster is needed.
inline bool is_offline(const RewriteCommand& command) { return !command.images.empty(); }

// Reads the LocalRegistry and returns its targets. Errors: those of find_registry() and
// rewrite_targets().
boost::asio::awaitable<Outcome<std::vector<api::RewriteTarget>>> ask_targets(
    const ClusterSession& session, std::string registry);

// Writes the text with rewritten references to standard output, and warnings to standard error.
Outcome<int> run(Console& console, const RewriteCommand& command,
                 const std::vector<api::RewriteTarget>& targets);

CommandEntry rewrite_command();

}  // namespace cli
