// Which image of an archive or a layout a reference means. Pure; any thread.
#pragma once

#include <string>

#include "cli/outcome.h"
#include "registry/image_source.h"

namespace cli {

// The one of that name or tag, or the only one. kNotFound: there is none such; the message lists
// what there is.
Outcome<registry::SourceImage> choose_image(const registry::ImageSource& source,
                                            const std::string& reference);

}  // namespace cli
