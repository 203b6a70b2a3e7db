#include "api/admission.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/base64.h"
#include "base/limits.h"
#include "json/raw.h"
#include "json/selection.h"

namespace api {
namespace {

// The Reviewed… structs hold the part of a pod that the webhook reads.
struct ReviewedMeta {
  std::string name;
  std::string generate_name;
  StringMap labels;
  StringMap annotations;
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
    return metadata ? lookup(metadata->annotations, key) : std::string_view();
  }
};

struct PodPatch {
  std::string patch;    // JSON; empty: nothing changes
  StringMap originals;  // the original images that the patch replaces, as in the annotation
};

// The parts of a review that the parser keeps (json/selection.h). This struct is never decoded
// itself: the pods are decoded separately from the AdmissionReview, so that a review with a
// malformed pod is still answered.
struct ReviewedRequest : AdmissionRequest {
  ReviewedPod object;
  ReviewedPod old_object;
};

struct WholeReview {
  std::string api_version;
  std::string kind;
  ReviewedRequest request;
};

struct PatchOperation {
  std::string operation;
  std::string path;
  json::Raw value;
};

json::Raw text_value(const std::string& text) { return {json::encode(text)}; }

}  // namespace
}  // namespace api

template <>
struct json::Fields<api::ReviewedMeta> {
  using T = api::ReviewedMeta;
  static constexpr auto kTable = std::make_tuple(
      json::field("name", &T::name), json::field("generateName", &T::generate_name),
      json::field("labels", &T::labels), json::field("annotations", &T::annotations));
};

template <>
struct json::Fields<api::ReviewedContainer> {
  using T = api::ReviewedContainer;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("image", &T::image));
};

template <>
struct json::Fields<api::ImageVolumeSource> {
  static constexpr auto kTable =
      std::make_tuple(json::field("reference", &api::ImageVolumeSource::reference));
};

template <>
struct json::Fields<api::ReviewedVolume> {
  using T = api::ReviewedVolume;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("image", &T::image));
};

template <>
struct json::Fields<api::ReviewedSpec> {
  using T = api::ReviewedSpec;
  static constexpr auto kTable = std::make_tuple(
      json::field("containers", &T::containers), json::field("initContainers", &T::init_containers),
      json::field("ephemeralContainers", &T::ephemeral_containers),
      json::field("volumes", &T::volumes));
};

template <>
struct json::Fields<api::ReviewedPod> {
  using T = api::ReviewedPod;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec));
};

template <>
struct json::Fields<api::ReviewedRequest> {
  using T = api::ReviewedRequest;
  static constexpr auto kTable = std::tuple_cat(
      json::Fields<api::AdmissionRequest>::kTable,
      std::make_tuple(json::field("object", &T::object), json::field("oldObject", &T::old_object)));
};

template <>
struct json::Fields<api::WholeReview> {
  using T = api::WholeReview;
  static constexpr auto kTable =
      std::make_tuple(json::field("apiVersion", &T::api_version), json::field("kind", &T::kind),
                      json::field("request", &T::request));
};

template <>
struct json::Fields<api::PatchOperation> {
  using T = api::PatchOperation;
  static constexpr auto kTable =
      std::make_tuple(json::field("op", &T::operation), json::field("path", &T::path),
                      json::field("value", &T::value));
};

namespace api {
namespace {

// The names and images of containers before an UPDATE.
using Containers = std::set<std::pair<std::string_view, std::string_view>>;

void add_all(Containers& all, const std::vector<ReviewedContainer>& containers) {
  for (const auto& container : containers) all.emplace(container.name, container.image);
}

// Returns the original images that the pod's annotation records. Returns none when the annotation
// is malformed or longer than the API server allows.
StringMap recorded_originals(const ReviewedPod& pod) {
  const std::string_view text = pod.annotation(kOriginalImagesAnnotation);
  if (text.size() > limits::kAnnotationsBytes) return {};
  const auto document = json::Document::parse(std::string(text), {limits::kAdmissionValues});
  if (!document) return {};
  auto known = json::decode<StringMap>(document->root());
  return known ? *std::move(known) : StringMap();
}

// Collects the operations of one patch.
class Patch {
 public:
  // `before`: the containers that are not rewritten, because they had this image before an UPDATE.
  explicit Patch(const ImageRewriter& rewriter, Containers before = {})
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
    StringMap all = originals_;
    all.merge(recorded_originals(pod));
    annotate(pod, all);
  }

  // Writes the annotation of an updated pod, so that the entries of all containers whose image
  // changed are correct. An entry that the update removed is restored if its container is
  // unchanged.
  void annotate_updated(const ReviewedPod& pod, const ReviewedPod& before) {
    StringMap all = recorded_originals(pod);
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

  // Returns the patch; kTooLarge when it exceeds limits::kAdmissionPatchBytes.
  base::Result<PodPatch> take() && {
    PodPatch result;
    if (!operations_.empty() && bytes_ <= limits::kAdmissionPatchBytes) {
      result.patch = json::encode(operations_);
    }
    if (std::max(result.patch.size(), bytes_) > limits::kAdmissionPatchBytes) {
      return base::Error{base::ErrorCode::kTooLarge,
                         fmt::format("the patch for its images has more than {} bytes",
                                     limits::kAdmissionPatchBytes)};
    }
    result.originals = std::move(originals_);
    return result;
  }

 private:
  using Annotated = std::map<std::string, StringMap>;

  static std::size_t size_of(const StringMap& map) {
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

  // Sets the annotation to these entries. Removes it when there are no entries, or when the API
  // server would refuse the pod because its annotations are too large.
  void annotate(const ReviewedPod& pod, const StringMap& all) {
    const std::string key(kOriginalImagesAnnotation);
    const std::string path = "/metadata/annotations/" + pointer_token(key);
    const std::string value = json::encode(all);
    const StringMap one = {{key, value}};
    if (!pod.metadata) return add("/metadata", json::encode(Annotated{{"annotations", one}}));
    const StringMap& annotations = pod.metadata->annotations;
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

  const ImageRewriter& rewriter_;
  Containers before_;
  std::vector<PatchOperation> operations_;
  std::size_t bytes_ = 0;  // of paths and images; above the bound, operations are not kept
  StringMap originals_;
};

bool opted_out(const ReviewedPod& pod) { return pod.annotation(kRewriteKey) == kRewriteDisabled; }

base::Result<PodPatch> patch_created(const ReviewedPod& pod, const ImageRewriter& rewriter) {
  Patch patch(rewriter);
  patch.containers("containers", pod.spec.containers);
  patch.containers("initContainers", pod.spec.init_containers);
  patch.volumes(pod.spec.volumes);
  patch.annotate_created(pod);
  return std::move(patch).take();
}

base::Result<PodPatch> patch_updated(const ReviewedPod& pod, const ReviewedPod& before,
                                     const ImageRewriter& rewriter) {
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
                                                  const ImageRewriter& rewriter) {
  Containers earlier;
  add_all(earlier, before.spec.ephemeral_containers);
  Patch patch(rewriter, std::move(earlier));
  patch.containers("ephemeralContainers", pod.spec.ephemeral_containers);
  return std::move(patch).take();
}

enum class Subject { kCreated, kUpdated, kEphemeralContainers, kOther };

Subject subject_of(const AdmissionRequest& request) {
  if (!request.resource.group.empty() || request.resource.resource != "pods") {
    return Subject::kOther;
  }
  const bool is_update = request.operation == "UPDATE";
  if (request.subresource.empty()) {
    if (request.operation == "CREATE") return Subject::kCreated;
    return is_update ? Subject::kUpdated : Subject::kOther;
  }
  const bool is_ephemeral = request.subresource == "ephemeralcontainers";
  return is_update && is_ephemeral ? Subject::kEphemeralContainers : Subject::kOther;
}

bool is_excluded(const ReviewedPod& pod, const ReviewPolicy& policy) {
  if (!pod.metadata) return false;
  if (pod.metadata->annotations.contains(std::string(kMirrorAnnotation))) return true;
  return !policy.excluded_label.empty() &&
         lookup(pod.metadata->labels, policy.excluded_label) == policy.excluded_value;
}

// Decodes a pod of the request. `which`: "object", or "oldObject" for the pod before an UPDATE.
base::Result<ReviewedPod> decode_pod(json::View root, std::string_view which) {
  const auto request = root.find("request");
  const auto pod = request ? request->find(which) : std::nullopt;
  if (!pod || pod->kind() == json::Kind::kNull) {
    return base::Error{base::ErrorCode::kMalformed,
                       fmt::format("the AdmissionReview has no request.{}", which)};
  }
  return json::decode<ReviewedPod>(*pod);
}

// Returns the patch of a pod that is not excluded. `before`: the pod before an UPDATE; empty on
// CREATE.
base::Result<PodPatch> patch_pod(const AdmissionRequest& request, const ReviewedPod& pod,
                                 const ReviewedPod& before, const ReviewPolicy& policy) {
  const ImageRewriter rewriter = policy.rewriter(request.namespace_name);
  switch (subject_of(request)) {
    case Subject::kCreated: return patch_created(pod, rewriter);
    case Subject::kUpdated: return patch_updated(pod, before, rewriter);
    case Subject::kEphemeralContainers: return patch_ephemeral_containers(pod, before, rewriter);
    case Subject::kOther: break;
  }
  return PodPatch();
}

// Returns the patch. Sets review.pod, and review.outcome to kExcluded or kOptedOut where that
// applies; the caller sets kRewritten and kMalformed.
base::Result<PodPatch> review_objects(json::View root, const AdmissionRequest& request,
                                      const ReviewPolicy& policy, Review& review) {
  const base::Result<ReviewedPod> pod = decode_pod(root, "object");
  if (!pod) return pod.error();
  if (pod->metadata) {
    const ReviewedMeta& meta = *pod->metadata;
    review.pod = to_string(
        ObjectKey{request.namespace_name, meta.name.empty() ? meta.generate_name : meta.name});
  }
  const bool is_new = subject_of(request) == Subject::kCreated;
  const auto before =
      is_new ? base::Result<ReviewedPod>(ReviewedPod()) : decode_pod(root, "oldObject");
  if (!before) return before.error();
  if (is_excluded(*pod, policy) || is_excluded(*before, policy)) {
    review.outcome = ReviewOutcome::kExcluded;
    return PodPatch();
  }
  if (opted_out(*pod)) {
    review.outcome = ReviewOutcome::kOptedOut;
    return PodPatch();
  }
  return patch_pod(request, *pod, *before, policy);
}

bool is_excluded(const AdmissionRequest& request, const ReviewPolicy& policy) {
  const auto& names = policy.excluded_namespaces;
  return subject_of(request) == Subject::kOther ||
         std::find(names.begin(), names.end(), request.namespace_name) != names.end();
}

}  // namespace

std::string_view name(ReviewOutcome outcome) {
  switch (outcome) {
    case ReviewOutcome::kRewritten: return "rewritten";
    case ReviewOutcome::kUnchanged: return "unchanged";
    case ReviewOutcome::kOptedOut: return "opted_out";
    case ReviewOutcome::kExcluded: return "excluded";
    case ReviewOutcome::kMalformed: return "malformed";
  }
  return "unchanged";
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

base::Result<Review> review_pod(std::string body, const ReviewPolicy& policy) {
  if (body.size() > limits::kAdmissionBytes) {
    return base::Error{
        base::ErrorCode::kTooLarge,
        fmt::format("the AdmissionReview has more than {} bytes", limits::kAdmissionBytes)};
  }
  json::ParseOptions options;
  options.most_values = limits::kAdmissionValues;
  options.members = json::selection<WholeReview>();
  const auto document = json::Document::parse(std::move(body), options);
  if (!document) return document.error();
  const auto decoded = json::decode<AdmissionReview>(document->root());
  if (!decoded) return decoded.error();
  const AdmissionRequest& request = decoded->request;
  const ResourceType& type = Resource<AdmissionAnswer>::kType;
  if (decoded->kind != type.kind || decoded->api_version != api_version(type) ||
      request.uid.empty()) {
    return base::Error{
        base::ErrorCode::kMalformed,
        "the request is not an AdmissionReview of admission.k8s.io/v1 with a request.uid"};
  }
  Review review;
  AdmissionAnswer answer;
  answer.response.uid = request.uid;
  if (is_excluded(request, policy)) {
    review.outcome = ReviewOutcome::kExcluded;
  } else {
    const base::Result<PodPatch> patch = review_objects(document->root(), request, policy, review);
    if (!patch) {
      review.outcome = ReviewOutcome::kMalformed;
      review.problem = patch.error().message;
    } else if (!patch->patch.empty()) {
      review.outcome = ReviewOutcome::kRewritten;
      review.images = patch->originals.size();
      answer.response.patch_type = "JSONPatch";
      answer.response.patch = base::encode_base64(patch->patch);
      if (!patch->originals.empty()) {
        answer.response.audit_annotations["original-images"] = json::encode(patch->originals);
      }
    }
  }
  review.answer = encode_object(answer);
  return review;
}

}  // namespace api
