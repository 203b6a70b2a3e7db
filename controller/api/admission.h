// Admission of pods (admission.k8s.io/v1): the API server's question when a pod is created, when it
// is updated, or when it gets ephemeral containers, and the answer: a JSON patch (RFC 6902) that
// replaces images by those of the local registry.
//
// Guarantees
//  * No pod is refused. A pod that cannot be read is allowed unchanged.
//  * A patch replaces images and writes one annotation; no other field of the pod is touched. An
//    image that is rewritten already is not rewritten again.
//  * Of an UPDATE only the containers whose image changed in it are looked at: the API server lets
//    nothing else of a pod's spec change, and a container that runs is left alone.
//  * The annotation stays true: an entry whose container got another image by an UPDATE is removed.
//  * Of ephemeral containers only new ones are rewritten, and no annotation is written: the
//    subresource takes no other change. The audit log has the original images all the same.
//  * A mirror pod is never changed: the kubelet runs the static pod of its file, whatever the API
//    server stores.
//  * A patch always applies: a patch that does not apply would fail the request whatever the
//    failurePolicy is.
//  * Memory besides the text: at most limits::kAdmissionReviewBytes.
// Pure; any thread.
// Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/image_rewriter.h"
#include "api/meta.h"
#include "json/value.h"

namespace api {

// A label of the namespace ("enabled"), and an annotation of a pod that opts out ("disabled").
inline constexpr std::string_view kRewriteKey = "localregistry.dev/rewrite";
inline constexpr std::string_view kRewriteDisabled = "disabled";

// An annotation of a pod: JSON, from the name of a container, or "volume/" and the name of a
// volume, to the image that was asked for.
inline constexpr std::string_view kOriginalImagesAnnotation = "localregistry.dev/original-images";

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

struct AdmissionReview {
  std::string api_version;
  std::string kind;
  AdmissionRequest request;
};

struct AdmissionResponse {
  std::string uid;
  bool allowed = true;
  std::string patch_type;       // "JSONPatch"
  std::string patch;            // in base64
  StringMap audit_annotations;  // for the API server's audit log
};

struct AdmissionAnswer {
  AdmissionResponse response;
};

// The same for every pod.
struct ReviewPolicy {
  // What the images of a namespace become.
  std::function<ImageRewriter(const std::string& namespace_name)> rewriter;
  std::vector<std::string> excluded_namespaces;
  // A label of pods that are left alone: those of the registries themselves, which could
  // otherwise wait for their own image.
  std::string excluded_label;
  std::string excluded_value;
};

enum class ReviewOutcome {
  kRewritten,  // there is a patch
  kUnchanged,  // the pod names no image of a local registry, or no image changed
  kOptedOut,   // by the pod's annotation
  kExcluded,   // by the policy, a mirror pod, or a request for another resource or operation
  kMalformed,  // the pod cannot be read, or its patch would be too large
};

// "rewritten", …: a label of localregistry_webhook_reviews_total.
std::string_view name(ReviewOutcome outcome);

struct Review {
  ReviewOutcome outcome = ReviewOutcome::kUnchanged;
  std::string answer;      // an AdmissionReview, as JSON
  std::size_t images = 0;  // rewritten
  std::string pod;         // "namespace/name", for the log; the name may be empty still
  std::string problem;     // of kMalformed
};

// Answers a review. kMalformed or kTooLarge when there is no request in it that could be answered.
base::Result<Review> review_pod(std::string body, const ReviewPolicy& policy);

// As in a JSON pointer (RFC 6901): "a/b" is "a~1b".
std::string pointer_token(std::string_view name);

template <>
struct Resource<AdmissionAnswer> {
  static constexpr ResourceType kType = {"admission.k8s.io", "v1", "AdmissionReview",
                                         "admissionreviews", false};
};

}  // namespace api

template <>
struct json::Fields<api::GroupVersionResource> {
  using T = api::GroupVersionResource;
  static constexpr auto kTable =
      std::make_tuple(json::field("group", &T::group), json::field("version", &T::version),
                      json::field("resource", &T::resource));
};

template <>
struct json::Fields<api::AdmissionRequest> {
  using T = api::AdmissionRequest;
  static constexpr auto kTable = std::make_tuple(
      json::field("uid", &T::uid), json::field("resource", &T::resource),
      json::field("subResource", &T::subresource), json::field("namespace", &T::namespace_name),
      json::field("operation", &T::operation));
};

template <>
struct json::Fields<api::AdmissionReview> {
  using T = api::AdmissionReview;
  static constexpr auto kTable =
      std::make_tuple(json::field("apiVersion", &T::api_version), json::field("kind", &T::kind),
                      json::field("request", &T::request));
};

template <>
struct json::Fields<api::AdmissionResponse> {
  using T = api::AdmissionResponse;
  static constexpr auto kTable =
      std::make_tuple(json::field("uid", &T::uid), json::field("allowed", &T::allowed),
                      json::field("patchType", &T::patch_type), json::field("patch", &T::patch),
                      json::field("auditAnnotations", &T::audit_annotations));
};

template <>
struct json::Fields<api::AdmissionAnswer> {
  static constexpr auto kTable =
      std::make_tuple(json::field("response", &api::AdmissionAnswer::response));
};
