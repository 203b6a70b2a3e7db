// Which image of an archive or a layout a reference means. Pure; any thread.
#pragma once

#include <string>

#include "cli/outcome.h"
#include "registry/image_source.h"

namespace cli {

// The one of that name or tag; or the only one, whatever its name, unless it has to be named, as
// when one file is pushed to several repositories. kNotFound: there is none such; the message
// lists what there is.
Outcome<registry::SourceImage> choose_image(const registry::ImageSource& source,
                                            const std::string& reference, bool has_to_be_named);

}  // namespace cli
