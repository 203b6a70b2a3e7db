// This file rewrites image references in any YAML or JSON text: manifests, Helm values, Compose
// files, devspace.yaml. All other bytes are unchanged: comments, order, anchors, quotes, line ends.
// Memory is bounded for texts of any size. A source and an output are used on one thread.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "api/images/image_rewriter.h"
#include "base/error.h"
#include "json/text/scalars.h"

namespace cli {

// RewriteWarning is a warning about a value that looks like a declared image and is left unchanged,
// or about a rewritten value that may not be an image.
struct RewriteWarning {
  std::uint64_t line = 0;  // counted from 1
  std::string message;     // one line

  bool operator==(const RewriteWarning&) const = default;
};

struct RewriteReport {
  std::uint64_t edits = 0;               // values that were changed
  std::vector<RewriteWarning> warnings;  // at most limits::kRewriteWarnings
  std::uint64_t more_warnings = 0;       // number of further warnings, which are not kept
};

// Writes the text to `output`. Rewrites these values if they name an image that `rewriter` knows:
// * a reference with a registry, a tag or a digest, anywhere except in imagePullSecrets;
// * a path alone, as in `image: org/app`, under a key that names an image;
// * registry and repository of one mapping, together: the registry gets the rewriter's host;
// * the literal repository of a value with variables after it.
// Values of a LocalRegistry are unchanged, because they declare the images. If other keys come
// before its apiVersion, the text is parsed once more.
// Nothing is written unless all of the text can be parsed. kMalformed: the text is not YAML; the
// message has line and column. kTooLarge: a bound is exceeded. kInvalid: the text cannot be read,
// the output cannot be written, or the text changed between two scans.
base::Result<RewriteReport> rewrite_text(json::ByteSource& source,
                                         const api::ImageRewriter& rewriter, std::ostream& output);

// Does the same as rewrite_text() for a file, or for standard input if `file` is "-". The file
// itself is not changed. Messages name the file.
base::Result<RewriteReport> rewrite_file(const std::string& file,
                                         const api::ImageRewriter& rewriter, std::ostream& output);

}  // namespace cli
