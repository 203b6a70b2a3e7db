#include "api/admission.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/base64.h"
#include "base/limits.h"
#include "json/raw.h"

namespace api {
namespace {

// The part of a pod that is looked at.
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
  StringMap originals;  // as in the annotation
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
struct json::Fields<api::PatchOperation> {
  using T = api::PatchOperation;
  static constexpr auto kTable =
      std::make_tuple(json::field("op", &T::operation), json::field("path", &T::path),
                      json::field("value", &T::value));
};

namespace api {
namespace {

// The patch while it is made.
class Patch {
 public:
  explicit Patch(const ImageRewriter& rewriter) : rewriter_(rewriter) {}

  void containers(std::string_view list, const std::vector<ReviewedContainer>& containers,
                  const std::set<std::string_view>& settled = {}) {
    for (std::size_t i = 0; i < containers.size(); ++i) {
      if (settled.contains(containers[i].name)) continue;
      image(fmt::format("/spec/{}/{}/image", list, i), containers[i].name, containers[i].image);
    }
  }

  void volumes(const std::vector<ReviewedVolume>& volumes) {
    for (std::size_t i = 0; i < volumes.size(); ++i) {
      image(fmt::format("/spec/volumes/{}/image/reference", i), "volume/" + volumes[i].name,
            volumes[i].image.reference);
    }
  }

  // Adds the annotation, with what an earlier one says of others. Left out when the API server
  // would refuse the pod for the size of its annotations.
  void annotate(const ReviewedPod& pod) {
    if (originals_.empty()) return;
    const std::string_view earlier = pod.annotation(kOriginalImagesAnnotation);
    StringMap all = originals_;
    if (const auto known = json::parse<StringMap>(std::string(earlier))) {
      all.insert(known->begin(), known->end());
    }
    const std::string key(kOriginalImagesAnnotation);
    const std::string value = json::encode(all);
    const StringMap one = {{key, value}};
    if (!pod.metadata) return add("/metadata", json::encode(Annotated{{"annotations", one}}));
    const StringMap& annotations = pod.metadata->annotations;
    if (size_of(annotations) - earlier.size() + key.size() + value.size() >
        limits::kAnnotationsBytes) {
      return;
    }
    if (annotations.empty()) return add("/metadata/annotations", json::encode(one));
    add("/metadata/annotations/" + pointer_token(key), json::encode(value));
  }

  PodPatch take() && {
    PodPatch result;
    if (!operations_.empty()) result.patch = json::encode(operations_);
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

  void image(std::string path, const std::string& name, const std::string& original) {
    const auto rewritten = rewriter_.rewrite(original);
    if (!rewritten || *rewritten == original) return;
    operations_.push_back({"replace", std::move(path), text_value(*rewritten)});
    originals_[name] = original;
  }

  void add(std::string path, std::string value) {
    operations_.push_back({"add", std::move(path), {std::move(value)}});
  }

  const ImageRewriter& rewriter_;
  std::vector<PatchOperation> operations_;
  StringMap originals_;
};

bool opted_out(const ReviewedPod& pod) { return pod.annotation(kRewriteKey) == kRewriteDisabled; }

PodPatch patch_pod(const ReviewedPod& pod, const ImageRewriter& rewriter) {
  Patch patch(rewriter);
  patch.containers("containers", pod.spec.containers);
  patch.containers("initContainers", pod.spec.init_containers);
  patch.volumes(pod.spec.volumes);
  patch.annotate(pod);
  return std::move(patch).take();
}

PodPatch patch_ephemeral_containers(const ReviewedPod& pod, const ReviewedPod& before,
                                    const ImageRewriter& rewriter) {
  std::set<std::string_view> settled;
  for (const auto& container : before.spec.ephemeral_containers) settled.insert(container.name);
  Patch patch(rewriter);
  patch.containers("ephemeralContainers", pod.spec.ephemeral_containers, settled);
  return std::move(patch).take();
}

// What a request is about.
enum class Subject { kPod, kEphemeralContainers, kOther };

Subject subject_of(const AdmissionRequest& request) {
  if (!request.resource.group.empty() || request.resource.resource != "pods") {
    return Subject::kOther;
  }
  if (request.operation == "CREATE" && request.subresource.empty()) return Subject::kPod;
  if (request.operation == "UPDATE" && request.subresource == "ephemeralcontainers") {
    return Subject::kEphemeralContainers;
  }
  return Subject::kOther;
}

bool is_excluded(const ReviewedPod& pod, const ReviewPolicy& policy) {
  return !policy.excluded_label.empty() && pod.metadata &&
         lookup(pod.metadata->labels, policy.excluded_label) == policy.excluded_value;
}

// The pod of a request, or the one before it.
base::Result<ReviewedPod> decode_pod(json::View root, std::string_view which) {
  const auto request = root.find("request");
  const auto pod = request ? request->find(which) : std::nullopt;
  if (!pod || pod->kind() == json::Kind::kNull) {
    return base::Error{base::ErrorCode::kMalformed, fmt::format("the request has no {}", which)};
  }
  return json::decode<ReviewedPod>(*pod);
}

// The outcome and what is to be patched.
base::Result<PodPatch> look_at(json::View root, const AdmissionRequest& request,
                               const ReviewPolicy& policy, Review& review) {
  const base::Result<ReviewedPod> pod = decode_pod(root, "object");
  if (!pod) return pod.error();
  if (pod->metadata) {
    const ReviewedMeta& meta = *pod->metadata;
    review.pod = to_string(
        ObjectKey{request.namespace_name, meta.name.empty() ? meta.generate_name : meta.name});
  }
  if (is_excluded(*pod, policy)) {
    review.outcome = ReviewOutcome::kExcluded;
    return PodPatch();
  }
  if (opted_out(*pod)) {
    review.outcome = ReviewOutcome::kOptedOut;
    return PodPatch();
  }
  const ImageRewriter rewriter = policy.rewriter(request.namespace_name);
  if (subject_of(request) == Subject::kPod) return patch_pod(*pod, rewriter);
  const base::Result<ReviewedPod> before = decode_pod(root, "oldObject");
  if (!before) return before.error();
  return patch_ephemeral_containers(*pod, *before, rewriter);
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
    return base::Error{base::ErrorCode::kTooLarge, "an AdmissionReview over the bound"};
  }
  const auto document = json::Document::parse(std::move(body), {limits::kAdmissionValues});
  if (!document) return document.error();
  const auto decoded = json::decode<AdmissionReview>(document->root());
  if (!decoded) return decoded.error();
  const AdmissionRequest& request = decoded->request;
  const ResourceType& type = Resource<AdmissionAnswer>::kType;
  if (decoded->kind != type.kind || decoded->api_version != api_version(type) ||
      request.uid.empty()) {
    return base::Error{base::ErrorCode::kMalformed, "no AdmissionReview of admission.k8s.io/v1"};
  }
  Review review;
  AdmissionAnswer answer;
  answer.response.uid = request.uid;
  if (is_excluded(request, policy)) {
    review.outcome = ReviewOutcome::kExcluded;
  } else {
    const base::Result<PodPatch> patch = look_at(document->root(), request, policy, review);
    if (!patch) {
      review.outcome = ReviewOutcome::kMalformed;
      review.problem = patch.error().message;
    } else if (!patch->patch.empty()) {
      review.outcome = ReviewOutcome::kRewritten;
      review.images = patch->originals.size();
      answer.response.patch_type = "JSONPatch";
      answer.response.patch = base::encode_base64(patch->patch);
      answer.response.audit_annotations["original-images"] = json::encode(patch->originals);
    }
  }
  review.answer = encode_object(answer);
  return review;
}

}  // namespace api
