// This file decides which references name a declared image, and rewrites them to the local
// registry. The webhook, the plugin and the status all use it, so that they agree. The types are
// values and can be used on any thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/images/image_reference.h"

namespace api {

// One entry of spec.images.
struct DeclaredImage {
  std::string name;
  std::string image;  // a repository, as users write it
};

// References to `repository` are rewritten to `registry`, under the same path.
struct RewriteTarget {
  ImageReference repository;  // tag and digest are ignored
  std::string registry;       // host and port: "localhost:31234"
};

class ImageRewriter {
 public:
  // If two targets have the same repository, the first one is used. A target is ignored when Docker
  // would not parse its registry as a host.
  explicit ImageRewriter(const std::vector<RewriteTarget>& targets);

  // Returns the reference with its host replaced, its path made canonical, and its tag and digest
  // kept. Returns nothing when the text is not a reference, matches no target, or is already at one
  // of the registries, so that a rewritten reference is never rewritten again.
  std::optional<std::string> rewrite(std::string_view reference) const;

  // Returns the canonical repositories of the targets, sorted: "docker.io/library/alpine".
  std::vector<std::string> repositories() const;

  // Returns whether the host is the registry of a target.
  bool is_known(std::string_view host) const { return known_.contains(host); }

 private:
  std::map<std::string, std::string, std::less<>> registries_;  // by repository
  std::set<std::string, std::less<>> known_;                    // the registries of all targets
};

// Returns for each declared image why it cannot be used: a sentence without a full stop, for the
// image's status. nullopt if the image can be used. A usable image is a repository without tag and
// digest, and no earlier image has the same path at another host. The local registry stores images
// by their path only, so it cannot hold both.
std::vector<std::optional<std::string>> refusals(const std::vector<DeclaredImage>& images);

}  // namespace api
