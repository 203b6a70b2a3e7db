// Decides how the webhook rewrites images of pods: the status of the LocalRegistries in the pod's
// namespace determines it. The function only reads the caches. Used on the thread of the io_context
// only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/images/image_rewriter.h"
#include "api/local_registry.h"
#include "operator/caches.h"

namespace controller {

// Returns the rewriter for the pods of that namespace. It rewrites the images for which a
// LocalRegistry in the namespace has the delivery LocalRegistry, once the node port is known. If
// two LocalRegistries declare the same image, the older one is used. A LocalRegistry that is being
// deleted is ignored. At most limits::kDeclaredImages images are rewritten.
api::ImageRewriter rewriter_for(const Caches& caches, const std::string& namespace_name);

}  // namespace controller
