// This file computes the JSON patch (RFC 6902) that replaces the images of one pod and adds the
// annotation that records the original images. The functions are pure and can be called on any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/images/image_rewriter.h"
#include "api/meta.h"
#include "json/fields.h"

namespace admission {

// The pod annotation that records the original images. Its value is a JSON object. A member's name
// is a container name, or "volume/" and a volume name; its value is the image that the user
// requested.
inline constexpr std::string_view kOriginalImagesAnnotation = "localregistry.dev/original-images";

// The Reviewed… structs hold the part of a pod that the webhook reads.
struct ReviewedMeta {
  std::string name;
  std::string generate_name;
  api::StringMap labels;
  api::StringMap annotations;
};

struct ReviewedContainer {
  std::string name;
  std::string image;
};

struct ImageVolumeSource {
  std::string reference;
};

struct ReviewedVolume {
  std::string name;
  ImageVolumeSource image;
};

struct ReviewedSpec {
  std::vector<ReviewedContainer> containers;
  std::vector<ReviewedContainer> init_containers;
  std::vector<ReviewedContainer> ephemeral_containers;
  std::vector<ReviewedVolume> volumes;
};

struct ReviewedPod {
  std::optional<ReviewedMeta> metadata;
  ReviewedSpec spec;

  std::string_view annotation(std::string_view key) const {
    return metadata ? api::lookup(metadata->annotations, key) : std::string_view();
  }
};

struct PodPatch {
  std::string patch;         // JSON; empty: nothing changes
  api::StringMap originals;  // the images that the patch replaces, by the annotation's keys
};

// Each of these functions returns the patch of a pod, or kTooLarge if the patch exceeds
// limits::kAdmissionPatchBytes. `before`: the pod before the update.
base::Result<PodPatch> patch_created(const ReviewedPod& pod, const api::ImageRewriter& rewriter);
base::Result<PodPatch> patch_updated(const ReviewedPod& pod, const ReviewedPod& before,
                                     const api::ImageRewriter& rewriter);
base::Result<PodPatch> patch_ephemeral_containers(const ReviewedPod& pod, const ReviewedPod& before,
                                                  const api::ImageRewriter& rewriter);

// Escapes a name for a JSON pointer (RFC 6901): "a/b" becomes "a~1b".
std::string pointer_token(std::string_view name);

}  // namespace admission

template <>
struct json::Fields<admission::ReviewedMeta> {
  using T = admission::ReviewedMeta;
  static constexpr auto kTable = std::make_tuple(
      json::field("name", &T::name), json::field("generateName", &T::generate_name),
      json::field("labels", &T::labels), json::field("annotations", &T::annotations));
};

template <>
struct json::Fields<admission::ReviewedContainer> {
  using T = admission::ReviewedContainer;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("image", &T::image));
};

template <>
struct json::Fields<admission::ImageVolumeSource> {
  static constexpr auto kTable =
      std::make_tuple(json::field("reference", &admission::ImageVolumeSource::reference));
};

template <>
struct json::Fields<admission::ReviewedVolume> {
  using T = admission::ReviewedVolume;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("image", &T::image));
};

template <>
struct json::Fields<admission::ReviewedSpec> {
  using T = admission::ReviewedSpec;
  static constexpr auto kTable = std::make_tuple(
      json::field("containers", &T::containers), json::field("initContainers", &T::init_containers),
      json::field("ephemeralContainers", &T::ephemeral_containers),
      json::field("volumes", &T::volumes));
};

template <>
struct json::Fields<admission::ReviewedPod> {
  using T = admission::ReviewedPod;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec));
};
