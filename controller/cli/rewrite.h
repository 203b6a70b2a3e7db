// Rewrites the images in manifests, Helm values, Compose files, devspace.yaml: in any YAML or JSON.
// Everything but the references keeps its bytes: comments, order, anchors, quotes, line ends.
// Memory is bounded whatever the size. One thread.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

#include "api/image_rewriter.h"
#include "base/error.h"
#include "json/scalars.h"

namespace cli {

struct RewriteCount {
  std::uint64_t references = 0;  // that were rewritten

  bool operator==(const RewriteCount&) const = default;
};

// Writes the text to output with every value rewritten that is, as a whole, a reference that the
// rewriter knows. A single word without '/', ':' and '@' could be the name of anything, as in
// `app: backend`: it is taken for an image only under a key that speaks of one. Nothing is written
// unless all of the text can be read. kMalformed: no YAML, with line and column. kTooLarge: over a
// bound. kInvalid: cannot be read or written, or changed between the two times that it is read.
base::Result<RewriteCount> rewrite_text(json::ByteSource& source,
                                        const api::ImageRewriter& rewriter, std::ostream& output);

// The same for a file, which is not changed, or for standard input, "-". Messages name it.
base::Result<RewriteCount> rewrite_file(const std::string& file, const api::ImageRewriter& rewriter,
                                        std::ostream& output);

// True for the keys "image", "initImage", "images", "repository" and the like.
bool names_image(std::string_view key);

}  // namespace cli
