// choose_image() finds the image of an archive or an OCI layout that a reference names. Pure; any
// thread.
#pragma once

#include <string>

#include "cli/terminal/outcome.h"
#include "registry/upload/image_source.h"

namespace cli {

// Naming selects which names of an image in the archive or layout match a reference.
enum class Naming {
  // If there is one image, it matches under any name; several are matched as kReferenceOrTag.
  kAny,
  // The reference, or its tag alone: one file may be pushed to several repositories.
  kReferenceOrTag,
  // The reference only, not a tag alone as in an OCI layout.
  kReference,
};

// Returns the image that the reference names. kNotFound: no image matches; the message lists the
// existing names.
Outcome<registry::SourceImage> choose_image(const registry::ImageSource& source,
                                            const std::string& reference, Naming naming);

}  // namespace cli
