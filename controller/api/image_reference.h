// References to container images, read and written as Docker does. Values; any thread.
// The same strings are accepted, with the same canonical form, as by ParseNormalizedNamed of the Go
// module github.com/distribution/reference v0.6.0 with sha256, sha384 and sha512 registered, which
// tests/references holds against it. Longer texts than limits::kImageReferenceBytes are refused.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace api {

struct ImageReference {
  // "docker.io", "localhost:5000", "[::1]:5000". Empty only for what Docker takes for a path though
  // it looks like a host: "under_score.example/image".
  std::string domain;
  std::string path;    // "library/alpine"; at most 255 bytes
  std::string tag;     // empty: none; at most 128 bytes
  std::string digest;  // "sha256:…"; empty: none

  bool operator==(const ImageReference&) const = default;
};

// "alpine" is docker.io/library/alpine. No tag is made up. kInvalid, with a message that says why
// and does not quote the text. Time and memory are linear.
base::Result<ImageReference> parse_image_reference(std::string_view text);

// "docker.io/library/alpine"
std::string repository(const ImageReference& reference);

// "docker.io/library/alpine:3@sha256:…": what parse_image_reference reads as the same reference.
std::string to_string(const ImageReference& reference);

}  // namespace api
