// rewrite: which references it rewrites, and to what.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "api/image_rewriter.h"
#include "api/local_registry.h"
#include "cli/outcome.h"
#include "cli/session.h"

namespace cli {

struct RewriteCommand {
  std::string file = "-";
  std::string registry;             // the LocalRegistry whose images are rewritten
  std::vector<std::string> images;  // or these repositories,
  std::string registry_url;         // at this registry: without asking the cluster
};

// The declared images that the local registry delivers. kNotFound: none is declared. kNotReady: it
// is not decided yet where one of them goes. Pure.
Outcome<std::vector<api::RewriteTarget>> rewrite_targets(const api::LocalRegistry& registry);

// Those of --image and --registry-url. kUsage. Pure.
Outcome<std::vector<api::RewriteTarget>> rewrite_targets(const RewriteCommand& command);

// Whether the command says all itself.
inline bool is_offline(const RewriteCommand& command) { return !command.images.empty(); }

boost::asio::awaitable<Outcome<std::vector<api::RewriteTarget>>> ask_targets(const Session& session,
                                                                             std::string registry);

// Writes the text to standard output with the references rewritten.
Outcome<int> run(Console& console, const RewriteCommand& command,
                 const std::vector<api::RewriteTarget>& targets);

}  // namespace cli
