// Fuzz target for AdmissionReviews; a second JSON parser checks the answers. An answer is JSON, has
// the request's uid and allows the Pod. Its patch applies and changes only images and one
// annotation; on UPDATE only images that the update changed. A second review of the patched Pod
// gives no patch.
#include <boost/json/src.hpp>

#include "admission/pod_patch.h"
#include "admission/review.h"
#include "base/text/base64.h"
#include "fuzz/property.h"

namespace {

namespace js = boost::json;

const admission::ReviewPolicy& policy() {
  static const admission::ReviewPolicy kPolicy = {
      [](const std::string&) {
        return api::ImageRewriter({{*api::parse_image_reference("alpine"), "localhost:31234"},
                                   {*api::parse_image_reference("ghcr.io/o/app"), "[::1]:5000"}});
      },
      {"kube-system"},
      "localregistry.dev/part-of",
      "local-registry"};
  return kPolicy;
}

// Returns nothing for a number whose exponent is too large for Boost.JSON.
std::optional<js::value> try_parse(std::string_view text) {
  js::parse_options options;
  options.max_depth = 256;
  js::error_code error;
  js::value value = js::parse({text.data(), text.size()}, error, {}, options);
  if (error == js::error::exponent_overflow) return std::nullopt;
  fuzz::require(!error, "what is reviewed, the answer and the patch are JSON");
  return value;
}

js::value parsed(std::string_view text) {
  auto value = try_parse(text);
  fuzz::require(value.has_value(), "the answer and the patch have no numbers that are not held");
  return *std::move(value);
}

// Applies one operation of a JSON patch (RFC 6902), of the kinds that the operator uses.
void apply(js::value& pod, const js::value& operation) {
  const std::string path(operation.at("path").as_string());
  const std::string name(operation.at("op").as_string());
  const std::size_t slash = path.rfind('/');
  js::error_code error;
  if (name == "replace") {
    js::value* place = pod.find_pointer(path, error);
    fuzz::require(place != nullptr, "what is replaced is there");
    *place = operation.at("value");
    return;
  }
  fuzz::require(name == "add" || name == "remove", "an operation is one of three");
  js::value* parent = slash == 0 ? &pod : pod.find_pointer(path.substr(0, slash), error);
  fuzz::require(parent != nullptr && parent->is_object(), "there is an object to add to");
  std::string key = path.substr(slash + 1);
  for (std::size_t at = 0; (at = key.find('~', at)) != std::string::npos; ++at) {
    key.replace(at, 2, key.substr(at, 2) == "~1" ? "/" : "~");
  }
  if (name == "add") {
    parent->as_object()[key] = operation.at("value");
    return;
  }
  fuzz::require_same(key, admission::kOriginalImagesAnnotation, "one annotation is removed");
  fuzz::require(parent->as_object().erase(key) == 1, "what is removed is there");
}

// Undoes the patch and requires that the result is the original Pod.
void revert(js::value& patched, const js::value& pod, const js::value& patch) {
  const std::string key(admission::kOriginalImagesAnnotation);
  js::error_code error;
  for (const js::value& operation : patch.as_array()) {
    const std::string path(operation.at("path").as_string());
    if (operation.at("op") == "replace") {
      *patched.find_pointer(path, error) = *pod.find_pointer(path, error);
      continue;
    }
    const js::value* before = pod.find_pointer(path, error);
    if (operation.at("op") == "remove") {
      patched.at("metadata").at("annotations").as_object()[key] = *before;
    } else if (before != nullptr) {
      *patched.find_pointer(path, error) = *before;
    } else if (path == "/metadata") {
      patched.as_object().erase("metadata");
    } else if (path == "/metadata/annotations") {
      patched.at("metadata").as_object().erase("annotations");
    } else {
      fuzz::require_same(path, "/metadata/annotations/" + admission::pointer_token(key),
                         "one annotation is added");
      patched.at("metadata").at("annotations").as_object().erase(key);
    }
  }
  fuzz::require(patched == pod, "whatever else is in the pod stays");
}

std::string text_member(const js::value& object, std::string_view name) {
  const js::value* value = object.as_object().if_contains({name.data(), name.size()});
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

// Returns true if the Pod's list has a container of this name and image.
bool has_container(const js::value& pod, const std::string& list, const js::value& wanted) {
  js::error_code error;
  const js::value* containers = pod.find_pointer("/spec/" + list, error);
  if (containers == nullptr || !containers->is_array()) return false;
  const auto& all = containers->as_array();
  return std::any_of(all.begin(), all.end(), [&](const js::value& one) {
    return text_member(one, "name") == text_member(wanted, "name") &&
           text_member(one, "image") == text_member(wanted, "image");
  });
}

// Requires that the update changed every image that the patch replaces.
void check_update(const js::value& pod, const js::value& before, const js::value& patch) {
  for (const js::value& operation : patch.as_array()) {
    const std::string path(operation.at("path").as_string());
    if (operation.at("op") != "replace") continue;
    js::error_code error;
    const js::value& container = *pod.find_pointer(path.substr(0, path.rfind('/')), error);
    const bool is_ephemeral = path.find("/ephemeralContainers/") != std::string::npos;
    const bool is_same = is_ephemeral ? has_container(before, "ephemeralContainers", container)
                                      : has_container(before, "containers", container) ||
                                            has_container(before, "initContainers", container);
    fuzz::require(!is_same, "an update rewrites only images that it changed");
    fuzz::require(path.find("/volumes/") == std::string::npos, "an update changes no volume");
  }
}

void check_patch(js::value body, const js::value& patch) {
  js::value& pod = body.at("request").at("object");
  const js::value before = pod;
  js::error_code error;
  fuzz::require(
      pod.find_pointer("/metadata/annotations/kubernetes.io~1config.mirror", error) == nullptr,
      "a mirror pod is never changed");
  if (body.at("request").at("operation") == "UPDATE") {
    check_update(pod, body.at("request").at("oldObject"), patch);
  }
  for (const js::value& operation : patch.as_array()) apply(pod, operation);
  const auto again = admission::review_pod(js::serialize(body), policy());
  fuzz::require(again && again->outcome == admission::ReviewOutcome::kUnchanged,
                "what is patched is not patched again");
  revert(pod, before, patch);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  const auto review = admission::review_pod(text, policy());
  if (!review) {
    fuzz::require_short_line(review.error().message);
    return 0;
  }
  const auto body = try_parse(text);
  if (!body) return 0;
  const js::value answer = parsed(review->answer);
  const js::value& response = answer.at("response");
  fuzz::require(answer.at("apiVersion") == "admission.k8s.io/v1", "the version is the request's");
  fuzz::require(answer.at("kind") == "AdmissionReview", "the kind is the request's");
  fuzz::require(response.at("uid") == body->at("request").at("uid"), "the uid is the request's");
  fuzz::require(response.at("allowed") == true, "nothing is refused");
  const js::value* patch = response.as_object().if_contains("patch");
  fuzz::require((patch != nullptr) == (review->outcome == admission::ReviewOutcome::kRewritten),
                "what is rewritten has a patch");
  if (patch == nullptr) return 0;
  fuzz::require(response.at("patchType") == "JSONPatch", "a patch has a type");
  const auto decoded = base::decode_base64(std::string(patch->as_string()));
  fuzz::require(decoded.has_value(), "the patch is in base64");
  check_patch(*body, parsed(*decoded));
  return 0;
}
