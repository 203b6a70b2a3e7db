// This file classifies keys of manifests, Helm values, Compose files and devspace.yaml by whether
// the value under a key names an image, or one part of an image reference. The functions are pure
// and can be called on any thread.
#pragma once

#include <string>
#include <string_view>

namespace cli {

// Returns whether the value under the key names an image. True for "image", "initImage", "images",
// "imageName", "repository", "newName", "RELATED_IMAGE_X" and the like. False for
// "imagePullSecrets", "imageTag", "imagePullPolicy", "name", "repo".
bool names_image(std::string_view key);

// Returns whether the value under the key holds names of pull Secrets: "imagePullSecrets" and the
// like.
bool holds_pull_secrets(std::string_view key);

// ReferencePart is the part of an image reference that the value under a key contains. Charts that
// follow Bitnami's pattern build the reference as "{{ registry }}/{{ repository }}:{{ tag }}".
// kOtherRepository: a repository of unknown kind; `initRepository` may be an image or a Git
// repository.
enum class ReferencePart { kNone, kRegistry, kRepository, kImage, kOtherRepository };

struct ReferencePartKey {
  ReferencePart part = ReferencePart::kNone;
  // The stem is what the keys of a registry and of its repository have in common: "" for registry,
  // repository, image and imageRegistry; "init" for initImageRegistry and initImage.
  std::string stem;
};

ReferencePartKey reference_part_of(std::string_view key);

// Returns whether a name is the path of a registry or a repository in Helm values. The Helm
// parameters of an Argo CD Application have such names. True for "image.registry" and
// "web.initRepository", false for "repository", "web.image" and "RELATED_IMAGE_X".
bool names_part_of_image(std::string_view name);

}  // namespace cli
