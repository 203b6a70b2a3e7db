// Builds the image with which a node's pull is probed: /pulled, a program that only ends with exit
// code 0, and /round, 16 bytes that make all blobs of a round new, so that no node and no cache has
// them already. The image is an index over all platforms of probe_platforms(), about 5 KB in all.
// Pure; any thread.
// Source: OCI image specification 1.1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "registry/upload/manifest.h"

namespace registry {

struct ProbeImage {
  struct Part {
    Descriptor descriptor;
    std::string bytes;
  };

  std::vector<Part> blobs;      // layers and configs
  std::vector<Part> manifests;  // each before the index that refers to it; the index last
};

// Returns the image of a round. `round`: the name of the round, 16 lower-case hexadecimal digits.
// The same round gives the same bytes.
ProbeImage make_probe_image(std::string_view round);

}  // namespace registry
