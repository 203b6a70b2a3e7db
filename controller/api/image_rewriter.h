// Which references name a declared image, and what they are in the local registry. The one place
// that knows: the webhook, the plugin and the status use it. Values; any thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/image_reference.h"

namespace api {

// One of spec.images.
struct DeclaredImage {
  std::string name;
  std::string image;  // a repository, as users write it
};

// What is at this repository is at registry too, under the same path.
struct RewriteTarget {
  ImageReference repository;  // tag and digest do not matter
  std::string registry;       // host and port: "localhost:31234"
};

class ImageRewriter {
 public:
  // Of two targets with one repository the first counts. One whose registry is no host that Docker
  // would take for one never matches.
  explicit ImageRewriter(const std::vector<RewriteTarget>& targets);

  // The reference with its host replaced: the path is the canonical one, tag and digest are kept.
  // Nothing when it is no reference, matches nothing, or is at one of the registries already, so
  // that what came out is never rewritten again.
  std::optional<std::string> rewrite(std::string_view reference) const;

  // What the targets are of: "docker.io/library/alpine", in order.
  std::vector<std::string> repositories() const;

  // Whether the host is one of the registries.
  bool is_known(std::string_view host) const { return known_.contains(host); }

 private:
  std::map<std::string, std::string, std::less<>> registries_;  // by repository
  std::set<std::string, std::less<>> known_;                    // the registries
};

// For each declared image why it cannot be used, as a sentence for its status without a full stop;
// nothing when it can: it is a repository, without tag and digest, and no earlier one has its path
// at another host, for the local registry keeps the path alone.
std::vector<std::optional<std::string>> refusals(const std::vector<DeclaredImage>& images);

}  // namespace api
