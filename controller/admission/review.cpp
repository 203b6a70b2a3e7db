#include "admission/review.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "admission/pod_patch.h"
#include "base/limits.h"
#include "base/text/base64.h"
#include "json/sieve/selection.h"

namespace admission {
namespace {

// WholeReview names the members of a review that the parser keeps (json/sieve/selection.h). No
// review is decoded as a WholeReview: the pods are decoded separately from the AdmissionReview, so
// that a review with a malformed pod is still answered.
struct ReviewedRequest : AdmissionRequest {
  ReviewedPod object;
  ReviewedPod old_object;
};

}  // namespace
}  // namespace admission

template <>
struct json::Fields<admission::ReviewedRequest> {
  using T = admission::ReviewedRequest;
  static constexpr auto kTable = std::tuple_cat(
      json::Fields<admission::AdmissionRequest>::kTable,
      std::make_tuple(json::field("object", &T::object), json::field("oldObject", &T::old_object)));
};

namespace admission {
namespace {

bool opted_out(const ReviewedPod& pod) { return pod.annotation(kRewriteKey) == kRewriteDisabled; }

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
         api::lookup(pod.metadata->labels, policy.excluded_label) == policy.excluded_value;
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
  const api::ImageRewriter rewriter = policy.rewriter(request.namespace_name);
  switch (subject_of(request)) {
    case Subject::kCreated: return patch_created(pod, rewriter);
    case Subject::kUpdated: return patch_updated(pod, before, rewriter);
    case Subject::kEphemeralContainers: return patch_ephemeral_containers(pod, before, rewriter);
    case Subject::kOther: break;
  }
  return PodPatch();
}

// Returns the patch of the pod in the request. Sets review.pod. Sets review.outcome if it is
// kExcluded or kOptedOut; the caller sets kRewritten and kMalformed.
base::Result<PodPatch> review_objects(json::View root, const AdmissionRequest& request,
                                      const ReviewPolicy& policy, Review& review) {
  const base::Result<ReviewedPod> pod = decode_pod(root, "object");
  if (!pod) return pod.error();
  if (pod->metadata) {
    const ReviewedMeta& meta = *pod->metadata;
    review.pod = api::to_string(
        api::ObjectKey{request.namespace_name, meta.name.empty() ? meta.generate_name : meta.name});
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

base::Result<Review> review_pod(std::string body, const ReviewPolicy& policy) {
  if (body.size() > limits::kAdmissionBytes) {
    return base::Error{
        base::ErrorCode::kTooLarge,
        fmt::format("the AdmissionReview has more than {} bytes", limits::kAdmissionBytes)};
  }
  json::ParseOptions options;
  options.max_values = limits::kAdmissionValues;
  options.members = json::selection<ReviewOf<ReviewedRequest>>();
  const auto document = json::Document::parse(std::move(body), options);
  if (!document) return document.error();
  const auto decoded = json::decode<AdmissionReview>(document->root());
  if (!decoded) return decoded.error();
  const AdmissionRequest& request = decoded->request;
  const api::ResourceType& type = api::Resource<AdmissionAnswer>::kType;
  if (decoded->kind != type.kind || decoded->api_version != api::api_version(type) ||
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
  review.answer = api::encode_object(answer);
  return review;
}

}  // namespace admission
