#include "admission/pod_patch.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/limits.h"
#include "json/raw.h"

namespace admission {
namespace {

struct PatchOperation {
  std::string operation;
  std::string path;
  json::Raw value;
};

json::Raw text_value(const std::string& text) { return {json::encode(text)}; }

}  // namespace
}  // namespace admission

template <>
struct json::Fields<admission::PatchOperation> {
  using T = admission::PatchOperation;
  static constexpr auto kTable =
      std::make_tuple(json::field("op", &T::operation), json::field("path", &T::path),
                      json::field("value", &T::value));
};

namespace admission {
namespace {

// The names and images of containers before an UPDATE.
using Containers = std::set<std::pair<std::string_view, std::string_view>>;

void add_all(Containers& all, const std::vector<ReviewedContainer>& containers) {
  for (const auto& container : containers) all.emplace(container.name, container.image);
}

// Returns the original images that the pod's annotation records. The map is empty if the pod has no
// such annotation, or if the annotation is malformed or longer than the API server allows.
api::StringMap recorded_originals(const ReviewedPod& pod) {
  const std::string_view text = pod.annotation(kOriginalImagesAnnotation);
  if (text.size() > limits::kAnnotationsBytes) return {};
  const auto document = json::Document::parse(std::string(text), {limits::kAdmissionValues});
  if (!document) return {};
  auto known = json::decode<api::StringMap>(document->root());
  return known ? *std::move(known) : api::StringMap();
}

// Collects the operations of one patch.
class Patch {
 public:
  // `before`: the containers before an UPDATE. A container whose image is still the same is not
  // rewritten.
  explicit Patch(const api::ImageRewriter& rewriter, Containers before = {})
      : rewriter_(rewriter), before_(std::move(before)) {}

  void containers(std::string_view list, const std::vector<ReviewedContainer>& containers) {
    for (std::size_t i = 0; i < containers.size(); ++i) {
      const auto& [name, image] = containers[i];
      if (before_.contains({name, image})) continue;
      rewrite(fmt::format("/spec/{}/{}/image", list, i), name, image);
    }
  }

  void volumes(const std::vector<ReviewedVolume>& volumes) {
    for (std::size_t i = 0; i < volumes.size(); ++i) {
      rewrite(fmt::format("/spec/volumes/{}/image/reference", i), "volume/" + volumes[i].name,
              volumes[i].image.reference);
    }
  }

  // Writes the annotation of a created pod. If the pod already has the annotation, its entries for
  // other containers stay.
  void annotate_created(const ReviewedPod& pod) {
    if (originals_.empty()) return;
    api::StringMap all = originals_;
    all.merge(recorded_originals(pod));
    annotate(pod, all);
  }

  // Updates the annotation localregistry.dev/original-images of an updated pod. For a container
  // whose image changed: if this review rewrites the image, records the image before the rewrite;
  // else removes the entry, unless the entry's image would be rewritten to the new image. If an
  // entry was recorded or removed, also restores the entries of unchanged containers that the
  // update removed.
  void annotate_updated(const ReviewedPod& pod, const ReviewedPod& before) {
    api::StringMap all = recorded_originals(pod);
    const auto changed = changed_images(pod);
    const std::size_t erased = std::erase_if(all, [&](const auto& entry) {
      const auto found = changed.find(entry.first);
      return found != changed.end() && rewriter_.rewrite(entry.second) != found->second;
    });
    if (originals_.empty() && erased == 0) return;
    for (auto& [name, original] : recorded_originals(before)) {
      const bool is_same = std::any_of(
          before_.begin(), before_.end(),
          [&, n = name](const auto& one) { return one.first == n && !changed.contains(n); });
      if (is_same) all.try_emplace(name, std::move(original));
    }
    for (const auto& [name, original] : originals_) all[name] = original;
    annotate(pod, all);
  }

  // Returns the patch, or kTooLarge if it exceeds limits::kAdmissionPatchBytes.
  base::Result<PodPatch> take() && {
    PodPatch result;
    if (!operations_.empty() && bytes_ <= limits::kAdmissionPatchBytes) {
      result.patch = json::encode(operations_);
    }
    if (std::max(result.patch.size(), bytes_) > limits::kAdmissionPatchBytes) {
      return base::Error{base::ErrorCode::kTooLarge,
                         fmt::format("the patch of the pod's images has more than {} bytes",
                                     limits::kAdmissionPatchBytes)};
    }
    result.originals = std::move(originals_);
    return result;
  }

 private:
  using Annotated = std::map<std::string, api::StringMap>;

  static std::size_t size_of(const api::StringMap& map) {
    std::size_t bytes = 0;
    for (const auto& [key, value] : map) bytes += key.size() + value.size();
    return bytes;
  }

  // Returns the new image of each container whose image changed, by container name.
  std::map<std::string_view, std::string_view> changed_images(const ReviewedPod& pod) const {
    std::map<std::string_view, std::string_view> changed;
    for (const auto* list : {&pod.spec.containers, &pod.spec.init_containers}) {
      for (const auto& [name, image] : *list) {
        if (!before_.contains({name, image})) changed[name] = image;
      }
    }
    return changed;
  }

  void rewrite(std::string path, const std::string& name, const std::string& original) {
    const auto rewritten = rewriter_.rewrite(original);
    if (!rewritten || *rewritten == original) return;
    bytes_ += path.size() + rewritten->size();
    if (bytes_ > limits::kAdmissionPatchBytes) return;
    operations_.push_back({"replace", std::move(path), text_value(*rewritten)});
    originals_[name] = original;
  }

  // Sets the annotation to the entries of `all`. Removes the annotation if there are no entries, or
  // if the pod's annotations would become so large that the API server would refuse the pod.
  void annotate(const ReviewedPod& pod, const api::StringMap& all) {
    const std::string key(kOriginalImagesAnnotation);
    const std::string path = "/metadata/annotations/" + pointer_token(key);
    const std::string value = json::encode(all);
    const api::StringMap one = {{key, value}};
    if (!pod.metadata) return add("/metadata", json::encode(Annotated{{"annotations", one}}));
    const api::StringMap& annotations = pod.metadata->annotations;
    const std::string_view earlier = pod.annotation(key);
    if (value == earlier) return;
    const std::size_t bytes = size_of(annotations) - earlier.size() + key.size() + value.size();
    if (all.empty() || bytes > limits::kAnnotationsBytes) {
      if (annotations.contains(key)) operations_.push_back({"remove", path, {}});
      return;
    }
    if (annotations.empty()) return add("/metadata/annotations", json::encode(one));
    add(path, json::encode(value));
  }

  void add(std::string path, std::string value) {
    operations_.push_back({"add", std::move(path), {std::move(value)}});
  }

  const api::ImageRewriter& rewriter_;
  Containers before_;
  std::vector<PatchOperation> operations_;
  std::size_t bytes_ = 0;  // size of all paths and images; above the bound, no operation is added
  api::StringMap originals_;
};

}  // namespace

base::Result<PodPatch> patch_created(const ReviewedPod& pod, const api::ImageRewriter& rewriter) {
  Patch patch(rewriter);
  patch.containers("containers", pod.spec.containers);
  patch.containers("initContainers", pod.spec.init_containers);
  patch.volumes(pod.spec.volumes);
  patch.annotate_created(pod);
  return std::move(patch).take();
}

base::Result<PodPatch> patch_updated(const ReviewedPod& pod, const ReviewedPod& before,
                                     const api::ImageRewriter& rewriter) {
  Containers earlier;
  add_all(earlier, before.spec.containers);
  add_all(earlier, before.spec.init_containers);
  Patch patch(rewriter, std::move(earlier));
  patch.containers("containers", pod.spec.containers);
  patch.containers("initContainers", pod.spec.init_containers);
  patch.annotate_updated(pod, before);
  return std::move(patch).take();
}

base::Result<PodPatch> patch_ephemeral_containers(const ReviewedPod& pod, const ReviewedPod& before,
                                                  const api::ImageRewriter& rewriter) {
  Containers earlier;
  add_all(earlier, before.spec.ephemeral_containers);
  Patch patch(rewriter, std::move(earlier));
  patch.containers("ephemeralContainers", pod.spec.ephemeral_containers);
  return std::move(patch).take();
}

std::string pointer_token(std::string_view name) {
  std::string token;
  for (const char character : name) {
    if (character == '~') {
      token += "~0";
    } else if (character == '/') {
      token += "~1";
    } else {
      token += character;
    }
  }
  return token;
}

}  // namespace admission
