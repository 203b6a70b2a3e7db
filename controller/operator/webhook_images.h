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

// What the images of the pods of that namespace become, by the LocalRegistries in it: those that a
// registry delivers whose port is known. Of two resources that declare the same image the older one
// counts. One that is being deleted does not. At most limits::kDeclaredImages images count.
api::ImageRewriter rewriter_for(const Caches& caches, const std::string& namespace_name);

}  // namespace controller
