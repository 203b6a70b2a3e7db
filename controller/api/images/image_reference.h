// This file parses and prints references to container images by Docker's rules. The types are
// plain values and the functions are pure; both can be used on any thread.
//
// parse_image_reference accepts the same strings, with the same canonical form, as
// ParseNormalizedNamed of the Go module github.com/distribution/reference v0.6.0 with sha256,
// sha384 and sha512 registered; tests/references compares the two. Unlike the Go module, it refuses
// texts longer than limits::kImageReferenceBytes.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace api {

// The host of Docker Hub in canonical references.
inline constexpr std::string_view kDockerHub = "docker.io";

struct ImageReference {
  // "docker.io", "localhost:5000", "[::1]:5000". Empty only if the first segment looks like a host
  // but is not a valid one, so that Docker reads it as part of the path:
  // "under_score.example/image".
  std::string domain;
  std::string path;    // "library/alpine"; at most 255 bytes
  std::string tag;     // empty: none; at most 128 bytes
  std::string digest;  // "sha256:…"; empty: none

  bool operator==(const ImageReference&) const = default;
};

// Parses a reference: "alpine" becomes docker.io/library/alpine. Adds no default tag. Returns
// kInvalid if the text is not a reference; the message gives the reason and does not quote the
// text. Time and memory are linear in the length of the text.
base::Result<ImageReference> parse_image_reference(std::string_view text);

// Returns true when Docker takes the text before the first slash as a host: it is "localhost", or
// it has a dot, a colon or an upper-case letter. Otherwise the text is the name of an image on
// Docker Hub.
bool has_host(std::string_view text);

// Returns the reference without tag and digest: "docker.io/library/alpine".
std::string repository(const ImageReference& reference);

// Returns "docker.io/library/alpine:3@sha256:…", which parse_image_reference parses to an equal
// value.
std::string to_string(const ImageReference& reference);

}  // namespace api
