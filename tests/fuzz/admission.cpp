// AdmissionReview, held against a JSON parser that the operator does not use: an answer is JSON
// with the request's uid that allows, its patch applies, touches nothing but images and one
// annotation, and leaves nothing to be patched.
#include "api/admission.h"

#include <boost/json/src.hpp>

#include "base/base64.h"
#include "fuzz/property.h"

namespace {

namespace js = boost::json;

const api::ReviewPolicy& policy() {
  static const api::ReviewPolicy kPolicy = {
      [](const std::string&) {
        return api::ImageRewriter({{*api::parse_image_reference("alpine"), "localhost:31234"},
                                   {*api::parse_image_reference("ghcr.io/o/app"), "[::1]:5000"}});
      },
      {"kube-system"},
      "localregistry.dev/part-of",
      "local-registry"};
  return kPolicy;
}

// Nothing when there is a number with an exponent that the other parser cannot hold.
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

// Applies one operation as RFC 6902 has it, of the kinds that are made.
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
  fuzz::require(name == "add", "what is not replaced is added");
  js::value* parent = slash == 0 ? &pod : pod.find_pointer(path.substr(0, slash), error);
  fuzz::require(parent != nullptr && parent->is_object(), "there is an object to add to");
  std::string key = path.substr(slash + 1);
  for (std::size_t at = 0; (at = key.find('~', at)) != std::string::npos; ++at) {
    key.replace(at, 2, key.substr(at, 2) == "~1" ? "/" : "~");
  }
  parent->as_object()[key] = operation.at("value");
}

// What the patch changed is as it was before.
void revert(js::value& patched, const js::value& pod, const js::value& patch) {
  const std::string key(api::kOriginalImagesAnnotation);
  js::error_code error;
  for (const js::value& operation : patch.as_array()) {
    const std::string path(operation.at("path").as_string());
    if (operation.at("op") == "replace") {
      *patched.find_pointer(path, error) = *pod.find_pointer(path, error);
      continue;
    }
    const js::value* before = pod.find_pointer(path, error);
    if (before != nullptr) {
      *patched.find_pointer(path, error) = *before;
    } else if (path == "/metadata") {
      patched.as_object().erase("metadata");
    } else if (path == "/metadata/annotations") {
      patched.at("metadata").as_object().erase("annotations");
    } else {
      fuzz::require_same(path, "/metadata/annotations/" + api::pointer_token(key),
                         "one annotation is added");
      patched.at("metadata").at("annotations").as_object().erase(key);
    }
  }
  fuzz::require(patched == pod, "whatever else is in the pod stays");
}

void check_patch(js::value body, const js::value& patch) {
  js::value& pod = body.at("request").at("object");
  const js::value before = pod;
  for (const js::value& operation : patch.as_array()) apply(pod, operation);
  const auto again = api::review_pod(js::serialize(body), policy());
  fuzz::require(again && again->outcome == api::ReviewOutcome::kUnchanged,
                "what is patched is not patched again");
  revert(pod, before, patch);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  const auto review = api::review_pod(text, policy());
  if (!review) {
    fuzz::require(!review.error().message.empty(), "an error says something");
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
  fuzz::require((patch != nullptr) == (review->outcome == api::ReviewOutcome::kRewritten),
                "what is rewritten has a patch");
  if (patch == nullptr) return 0;
  fuzz::require(response.at("patchType") == "JSONPatch", "a patch has a type");
  const auto decoded = base::decode_base64(std::string(patch->as_string()));
  fuzz::require(decoded.has_value(), "the patch is in base64");
  check_patch(*body, parsed(*decoded));
  return 0;
}
