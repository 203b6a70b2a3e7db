// Which image of an archive or a layout a reference means. Pure; any thread.
#pragma once

#include <string>

#include "cli/outcome.h"
#include "registry/image_source.h"

namespace cli {

// How an image has to be called where it lies.
enum class Naming {
  kAny,             // the only one is meant, whatever its name; of several as below
  kReferenceOrTag,  // as when one file is pushed to several repositories
  kReference,       // the tag alone, as in an OCI layout, does not do
};

// kNotFound: there is none such; the message lists what there is.
Outcome<registry::SourceImage> choose_image(const registry::ImageSource& source,
                                            const std::string& reference, Naming naming);

}  // namespace cli
