// This file answers admission reviews of pods (admission.k8s.io/v1). The API server sends a review
// when a pod is created or updated, or gets ephemeral containers. The answer is a JSON patch
// (RFC 6902) that replaces images with those of the local registry.
//
// Guarantees
//  * No pod is refused. A pod that cannot be decoded is allowed unchanged.
//  * A patch replaces images and writes one annotation; it changes no other field of the pod. An
//    image that is already rewritten is not rewritten again.
//  * On UPDATE, only the containers whose image the update changes are rewritten, so that an update
//    of other fields never changes a running container. Volumes cannot change on UPDATE.
//  * The annotation stays correct: when an UPDATE gives a container another image, the container's
//    entry is replaced or removed.
//  * Of the ephemeral containers, only new ones are rewritten. They get no annotation, because the
//    ephemeralcontainers subresource accepts no other change; the audit log has their original
//    images.
//  * A mirror pod is never changed: the kubelet runs the static pod from its file, whatever the API
//    server stores.
//  * A patch always applies. Otherwise the API server would fail the request, whatever the
//    failurePolicy is.
//  * Besides the text of the review, an answer takes at most limits::kAdmissionReviewBytes of
//    memory.
// The functions are pure and can be called on any thread.
// Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/images/image_rewriter.h"
#include "api/meta.h"
#include "json/value.h"

namespace admission {

// The key of the label by which a namespace opts in ("enabled"), and also of the annotation by
// which a pod opts out (kRewriteDisabled).
inline constexpr std::string_view kRewriteKey = "localregistry.dev/rewrite";
inline constexpr std::string_view kRewriteDisabled = "disabled";

// The annotation by which the kubelet marks the mirror of a static pod.
inline constexpr std::string_view kMirrorAnnotation = "kubernetes.io/config.mirror";

struct GroupVersionResource {
  std::string group;
  std::string version;
  std::string resource;
};

struct AdmissionRequest {
  std::string uid;
  GroupVersionResource resource;
  std::string subresource;
  std::string namespace_name;
  std::string operation;  // "CREATE", "UPDATE"
};

// An AdmissionReview of the API server. `Request`: what is kept of its request.
template <class Request>
struct ReviewOf {
  std::string api_version;
  std::string kind;
  Request request;
};

using AdmissionReview = ReviewOf<AdmissionRequest>;

struct AdmissionResponse {
  std::string uid;
  bool allowed = true;
  std::string patch_type;            // "JSONPatch"
  std::string patch;                 // in base64
  api::StringMap audit_annotations;  // for the API server's audit log
};

struct AdmissionAnswer {
  AdmissionResponse response;
};

// The settings of the webhook, which are the same for every pod.
struct ReviewPolicy {
  // Returns the rewriter for the pods of a namespace.
  std::function<api::ImageRewriter(const std::string& namespace_name)> rewriter;
  std::vector<std::string> excluded_namespaces;
  // Pods with this label and value are not rewritten. They run the registries themselves, which
  // could otherwise wait for an image that only they serve. An empty label excludes no pod.
  std::string excluded_label;
  std::string excluded_value;
};

enum class ReviewOutcome {
  kRewritten,  // the answer has a patch
  kUnchanged,  // the pod names no image of a local registry, or no image changed
  kOptedOut,   // the pod's annotation opts out
  kExcluded,   // a pod that the policy excludes, a mirror pod, another resource or operation
  kMalformed,  // the pod cannot be read, or its patch would be too large
};

// Returns the outcome as a label value of the metric localregistry_webhook_reviews_total, such as
// "rewritten".
std::string_view name(ReviewOutcome outcome);

struct Review {
  ReviewOutcome outcome = ReviewOutcome::kUnchanged;
  std::string answer;      // an AdmissionReview, as JSON
  std::size_t images = 0;  // number of rewritten images
  std::string pod;         // "namespace/name" for the log; generateName when there is no name yet
  std::string problem;     // why the outcome is kMalformed
};

// Answers a review. `body`: an AdmissionReview as JSON. Returns kMalformed or kTooLarge when the
// body has no request that can be answered.
base::Result<Review> review_pod(std::string body, const ReviewPolicy& policy);

}  // namespace admission

template <>
struct api::Resource<admission::AdmissionAnswer> {
  static constexpr api::ResourceType kType = {"admission.k8s.io", "v1", "AdmissionReview",
                                              "admissionreviews", false};
};

template <>
struct json::Fields<admission::GroupVersionResource> {
  using T = admission::GroupVersionResource;
  static constexpr auto kTable =
      std::make_tuple(json::field("group", &T::group), json::field("version", &T::version),
                      json::field("resource", &T::resource));
};

template <>
struct json::Fields<admission::AdmissionRequest> {
  using T = admission::AdmissionRequest;
  static constexpr auto kTable = std::make_tuple(
      json::field("uid", &T::uid), json::field("resource", &T::resource),
      json::field("subResource", &T::subresource), json::field("namespace", &T::namespace_name),
      json::field("operation", &T::operation));
};

template <class Request>
struct json::Fields<admission::ReviewOf<Request>> {
  using T = admission::ReviewOf<Request>;
  static constexpr auto kTable =
      std::make_tuple(json::field("apiVersion", &T::api_version), json::field("kind", &T::kind),
                      json::field("request", &T::request));
};

template <>
struct json::Fields<admission::AdmissionResponse> {
  using T = admission::AdmissionResponse;
  static constexpr auto kTable =
      std::make_tuple(json::field("uid", &T::uid), json::field("allowed", &T::allowed),
                      json::field("patchType", &T::patch_type), json::field("patch", &T::patch),
                      json::field("auditAnnotations", &T::audit_annotations));
};

template <>
struct json::Fields<admission::AdmissionAnswer> {
  static constexpr auto kTable =
      std::make_tuple(json::field("response", &admission::AdmissionAnswer::response));
};
