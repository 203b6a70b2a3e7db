// choose_image() finds the image that a reference names in an archive or an OCI layout. The
// function is pure and can be called on any thread.
#pragma once

#include <string>

#include "cli/terminal/outcome.h"
#include "registry/upload/image_source.h"

namespace cli {

// Naming selects which images of the archive or layout match a reference.
enum class Naming {
  // A single image matches, whatever its name is. Of several images, the same match as with
  // kReferenceOrTag.
  kAny,
  // An image matches if its name is the reference or the tag alone. Used when the images go to
  // several repositories, because one image must not match all of them.
  kReferenceOrTag,
  // An image matches if its name is the reference, but not if it is the tag alone.
  kReference,
};

// Returns the image that the reference names. kNotFound: no image matches; the message lists the
// existing names.
Outcome<registry::SourceImage> choose_image(const registry::ImageSource& source,
                                            const std::string& reference, Naming naming);

}  // namespace cli
