// Rewrites the images in manifests, Helm values, Compose files, devspace.yaml: in any YAML or JSON.
// Everything but the references keeps its bytes: comments, order, anchors, quotes, line ends.
// Memory is bounded whatever the size. One thread.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "api/image_rewriter.h"
#include "base/error.h"
#include "json/scalars.h"

namespace cli {

// About a value that looks like a declared image and is unchanged, or may be none and is rewritten.
struct RewriteWarning {
  std::uint64_t line = 0;  // from 1
  std::string message;     // one line

  bool operator==(const RewriteWarning&) const = default;
};

struct RewriteReport {
  std::uint64_t edits = 0;               // values that were changed
  std::vector<RewriteWarning> warnings;  // at most limits::kRewriteWarnings
  std::uint64_t more_warnings = 0;       // that are not kept
};

// Writes the text to output with the values rewritten that name an image that the rewriter knows:
// * a reference with a registry, a tag or a digest, wherever it stands but in imagePullSecrets;
// * a path alone, as in `image: org/app`, under a key that names an image;
// * registry and repository of one mapping, together: the registry gets the rewriter's host;
// * the literal repository of a value with variables after it.
// A LocalRegistry, after its apiVersion, is unchanged: it declares the images.
// Nothing is written unless all of the text can be read. kMalformed: no YAML, with line and column.
// kTooLarge: over a bound. kInvalid: cannot be read or written, or changed between the two times
// that it is read.
base::Result<RewriteReport> rewrite_text(json::ByteSource& source,
                                         const api::ImageRewriter& rewriter, std::ostream& output);

// The same for a file, which is not changed, or for standard input, "-". Messages name it.
base::Result<RewriteReport> rewrite_file(const std::string& file,
                                         const api::ImageRewriter& rewriter, std::ostream& output);

// What messages call the file: "standard input" for "-".
std::string shown_file(const std::string& file);

}  // namespace cli
