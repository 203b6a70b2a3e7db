// What the keys of manifests, Helm values, Compose files and devspace.yaml say of the values under
// them: is this an image, or one of the two halves of one? Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace cli {

// True for "image", "initImage", "images", "imageName", "repository", "newName", "RELATED_IMAGE_X"
// and the like. False for "imagePullSecrets", "imageTag", "imagePullPolicy", "name", "repo".
bool names_image(std::string_view key);

// True for "imagePullSecrets" and the like: below are names of Secrets.
bool holds_pull_secrets(std::string_view key);

// Which half of a reference a key stands for: charts of the Bitnami pattern write
// "{{ registry }}/{{ repository }}:{{ tag }}".
enum class Half { kNone, kRegistry, kRepository, kImage };

struct HalfKey {
  Half half = Half::kNone;
  // What the keys of two halves have in common: "" of registry, repository, image, imageRegistry;
  // "init" of initImageRegistry and initImage.
  std::string stem;
};

HalfKey half_of(std::string_view key);

}  // namespace cli
