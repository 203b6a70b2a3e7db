// push_targets() decides from the LocalRegistry alone where an image is pushed. The functions are
// pure and can be called on any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/local_registry.h"
#include "cli/terminal/outcome.h"

namespace cli {

struct PushTarget {
  std::string source;  // "ghcr.io/org/project/image:dev": name in daemon or archive
  api::Delivery delivery = api::Delivery::kLocalRegistry;  // or kKindLoad
  std::string path;  // "org/project/image": repository in the local registry
  std::string tag;   // "dev"
  // The reference for Pods: "localhost:31234/org/project/image:dev"; for KinD the same as `source`.
  std::string resolved;
};

// Returns one target for an image reference. The name of a declared image gives one target for each
// of its tags. kUsage: `image` is neither an image reference nor such a name, or has a digest.
// kNotReady: no registry runs, or the delivery is not decided yet. kFailure: the nodes pull the
// image from its own registry, or status.url is not HOST:PORT.
Outcome<std::vector<PushTarget>> push_targets(const api::LocalRegistry& registry,
                                              const std::string& image);

// Returns the name of the KinD cluster to which a context belongs: "test" for "kind-test". kUsage:
// the name of the context is not kind-NAME.
Outcome<std::string> kind_cluster(const std::string& context);

}  // namespace cli
