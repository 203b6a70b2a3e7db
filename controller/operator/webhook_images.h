// Which images a namespace's pods are given, from what its LocalRegistries say in their status.
// Pure but for reading the cache, on the thread of the io_context.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/image_rewriter.h"
#include "api/local_registry.h"
#include "operator/caches.h"

namespace controller {

// The images that are delivered by a registry whose port is known. Of two resources that declare
// the same image the older one comes first, and so counts. One that is being deleted does not.
std::vector<api::RewriteTarget> rewrite_targets(
    std::vector<std::shared_ptr<const api::LocalRegistry>> registries);

// What the images of the pods of that namespace become, by the LocalRegistries in it.
api::ImageRewriter rewriter_for(const Caches& caches, const std::string& namespace_name);

}  // namespace controller
