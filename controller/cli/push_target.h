// What is to be pushed where: decided from the LocalRegistry alone. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/local_registry.h"
#include "cli/outcome.h"

namespace cli {

struct PushTarget {
  std::string source;  // "ghcr.io/org/project/image:dev": as daemons and archives know it
  api::Delivery delivery = api::Delivery::kLocalRegistry;  // or kKindLoad
  std::string path;      // "org/project/image": of the repository in the local registry
  std::string tag;       // "dev"
  std::string resolved;  // "localhost:31234/org/project/image:dev", or source where nothing changes
};

// image is a reference, or the name of a declared image, which stands for one target for each of
// its tags. kUsage: neither, or one with a digest. kNotReady: no registry runs, or it is not
// decided. kFailure: the image is delivered by its own registry.
Outcome<std::vector<PushTarget>> push_targets(const api::LocalRegistry& registry,
                                              const std::string& image);

// The name of the KinD cluster of a context: "test" of "kind-test". kUsage: it is of no KinD.
Outcome<std::string> kind_cluster(const std::string& context);

}  // namespace cli
