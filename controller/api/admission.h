// Admission of pods (admission.k8s.io/v1): what the API server asks when a pod is created or gets
// ephemeral containers, and the JSON patch (RFC 6902) that names images of the local registry.
//
// Guarantees
//  * Nothing is ever refused. A pod that cannot be read is allowed as it is.
//  * A patch replaces images and adds one annotation; whatever else is in the pod is not touched,
//    known here or not. What is rewritten already is not rewritten again.
//  * Of ephemeral containers only new ones are rewritten, and no annotation is added: the
//    subresource takes no other change. The audit log has what was asked for all the same.
//  * A patch always applies: one that did not would be an error that no failurePolicy forgives.
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

// A label of the namespace ("enabled"), and an annotation of a pod that wants out ("disabled").
inline constexpr std::string_view kRewriteKey = "localregistry.dev/rewrite";
inline constexpr std::string_view kRewriteDisabled = "disabled";

// An annotation of a pod: JSON, from the name of a container, or "volume/" and the name of a
// volume, to the image that was asked for.
inline constexpr std::string_view kOriginalImagesAnnotation = "localregistry.dev/original-images";

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
  kRewritten,
  kUnchanged,  // it names no image of a local registry
  kOptedOut,   // by its annotation
  kExcluded,   // by the policy, or no request that this is about
  kMalformed,  // the pod cannot be read
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
