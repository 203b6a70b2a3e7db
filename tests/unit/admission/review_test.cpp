#include "admission/review.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admission/pod_patch.h"
#include "base/limits.h"
#include "base/text/base64.h"
#include "json/raw.h"

namespace {

using admission::Review;
using admission::ReviewOutcome;
using testing::HasSubstr;
using testing::IsEmpty;

api::ImageReference reference(const std::string& text) {
  return api::parse_image_reference(text).value();
}

admission::ReviewPolicy policy() {
  admission::ReviewPolicy policy;
  policy.rewriter = [](const std::string& namespace_name) {
    std::vector<api::RewriteTarget> targets;
    if (namespace_name == "team-a") {
      targets = {{reference("ghcr.io/org/project/image"), "localhost:31234"},
                 {reference("alpine"), "localhost:31234"}};
    }
    return api::ImageRewriter(targets);
  };
  policy.excluded_namespaces = {"kube-system", "local-registry-system"};
  policy.excluded_label = "app.kubernetes.io/managed-by";
  policy.excluded_value = "local-registry-operator";
  return policy;
}

// Asked describes an AdmissionReview request. A test sets the members that it is about.
struct Asked {
  std::string pod;
  std::string before = "null";
  std::string subresource = "";
  std::string operation = "CREATE";
  std::string namespace_name = "team-a";
  std::string resource = "pods";
};

std::string request(const Asked& asked) {
  const std::string part =
      asked.subresource.empty() ? "" : R"("subResource":")" + asked.subresource + R"(",)";
  return R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{)"
         R"("uid":"705ab4f5","kind":{"group":"","version":"v1","kind":"Pod"},)"
         R"("resource":{"group":"","version":"v1","resource":")" +
         asked.resource + R"("},)" + part + R"("namespace":")" + asked.namespace_name +
         R"(","operation":")" + asked.operation + R"(","userInfo":{"username":"jane"},"object":)" +
         asked.pod + R"(,"oldObject":)" + asked.before +
         R"(,"dryRun":false,"options":{"kind":"CreateOptions"}}})";
}

Review review(const Asked& asked) {
  return admission::review_pod(request(asked), policy()).value();
}

std::string canonical(const std::string& text) {
  return json::canonical(json::Document::parse(text).value().root());
}

// Returns the JSON patch of an answer; "" if it has none. Expects the form of a valid answer.
std::string patch_of(const Review& review) {
  const auto document = json::Document::parse(review.answer).value();
  const json::View root = document.root();
  EXPECT_EQ(root.find("apiVersion")->string(), "admission.k8s.io/v1");
  EXPECT_EQ(root.find("kind")->string(), "AdmissionReview");
  const json::View response = *root.find("response");
  EXPECT_EQ(response.find("uid")->string(), "705ab4f5");
  EXPECT_TRUE(response.find("allowed")->boolean());
  const auto patch = response.find("patch");
  EXPECT_EQ(patch.has_value(), response.find("patchType").has_value());
  if (!patch) return "";
  EXPECT_EQ(response.find("patchType")->string(), "JSONPatch");
  return base::decode_base64(patch->string()).value();
}

TEST(Admission, EveryKindOfImageOfAPodIsRewrittenAndTheOriginalsAreKept) {
  const Review result = review({R"({
    "metadata": {"name": "web", "creationTimestamp": null},
    "spec": {
      "containers": [{"name": "main", "image": "ghcr.io/org/project/image:1.2", "odd": [1]},
                     {"name": "other", "image": "quay.io/else/where"}],
      "initContainers": [{"name": "first", "image": "alpine"}],
      "volumes": [{"name": "scratch", "emptyDir": {}},
                  {"name": "data", "image": {"reference": "ghcr.io/org/project/image:2",
                                             "pullPolicy": "Always"}}]}})"});
  EXPECT_EQ(result.outcome, ReviewOutcome::kRewritten);
  EXPECT_EQ(result.images, 3U);
  EXPECT_EQ(result.pod, "team-a/web");
  const std::string originals =
      R"({\"first\":\"alpine\",\"main\":\"ghcr.io/org/project/image:1.2\",)"
      R"(\"volume/data\":\"ghcr.io/org/project/image:2\"})";
  EXPECT_EQ(canonical(patch_of(result)), canonical(R"([
    {"op": "replace", "path": "/spec/containers/0/image",
     "value": "localhost:31234/org/project/image:1.2"},
    {"op": "replace", "path": "/spec/initContainers/0/image",
     "value": "localhost:31234/library/alpine"},
    {"op": "replace", "path": "/spec/volumes/1/image/reference",
     "value": "localhost:31234/org/project/image:2"},
    {"op": "add", "path": "/metadata/annotations",
     "value": {"localregistry.dev/original-images": ")" +
                                                   originals + R"("}}])"));
  EXPECT_THAT(result.answer, HasSubstr("\"auditAnnotations\":{\"original-images\":\"" + originals));
}

TEST(Admission, APodWithoutAnImageOfARegistryIsAllowedUnchanged) {
  for (const char* pod :
       {R"({"metadata":{},"spec":{"containers":[{"name":"a","image":"quay.io/else/where"}]}})",
        R"({"metadata":{},"spec":{"containers":[{"name":"a"}]}})",
        R"({"metadata":{},"spec":{"containers":[{"name":"a","image":"Not A Reference"}]}})",
        R"({"metadata":{},"spec":{"containers":null,"volumes":[]}})", R"({"metadata":{}})"}) {
    const Review result = review({pod});
    EXPECT_EQ(result.outcome, ReviewOutcome::kUnchanged) << pod;
    EXPECT_EQ(patch_of(result), "") << pod;
  }
}

TEST(Admission, WhatIsRewrittenAlreadyIsNotRewrittenAgain) {
  const Review result = review({R"({"metadata":{"annotations":
      {"localregistry.dev/original-images":"{\"a\":\"ghcr.io/org/project/image\"}"}},
      "spec":{"containers":[{"name":"a","image":"localhost:31234/org/project/image"}]}})"});
  EXPECT_EQ(result.outcome, ReviewOutcome::kUnchanged);
  EXPECT_EQ(patch_of(result), "");
}

TEST(Admission, OtherAnnotationsStayAndEarlierOriginalsAreKept) {
  const Review result = review({R"({"metadata":{"annotations":{"a/b":"c",
      "localregistry.dev/original-images":"{\"b\":\"one\",\"a\":\"two\"}"}},
      "spec":{"containers":[{"name":"a","image":"alpine"}]}})"});
  EXPECT_EQ(canonical(patch_of(result)), canonical(R"([
    {"op": "replace", "path": "/spec/containers/0/image",
     "value": "localhost:31234/library/alpine"},
    {"op": "add", "path": "/metadata/annotations/localregistry.dev~1original-images",
     "value": "{\"a\":\"alpine\",\"b\":\"one\"}"}])"));
}

TEST(Admission, AnAnnotationThatSaysNothingReadableIsReplaced) {
  for (const char* text : {"nonsense", "[1]", R"({\"a\":1})", ""}) {
    const Review result = review({R"({"metadata":{"annotations":{
        "localregistry.dev/original-images":")" +
                                  std::string(text) +
                                  R"("}},"spec":{"containers":[{"name":"a","image":"alpine"}]}})"});
    EXPECT_THAT(patch_of(result), HasSubstr(R"("value":"{\"a\":\"alpine\"}")")) << text;
  }
}

TEST(Admission, APodWithoutMetadataGetsSome) {
  const Review result = review({R"({"spec":{"containers":[{"name":"a","image":"alpine"}]}})"});
  EXPECT_THAT(patch_of(result), HasSubstr(R"("path":"/metadata","value":{"annotations":{)"));
}

// The API server refuses a Pod whose annotations exceed their limit.
TEST(Admission, NoAnnotationIsAddedToAPodThatHasNoRoomForIt) {
  const auto with = [](std::size_t bytes) {
    return review({R"({"metadata":{"annotations":{"k":")" + std::string(bytes, 'x') +
                   R"("}},"spec":{"containers":[{"name":"a","image":"alpine"}]}})"});
  };
  EXPECT_THAT(patch_of(with(1000)), HasSubstr("original-images"));
  const Review full = with(limits::kAnnotationsBytes - 10);
  EXPECT_EQ(full.outcome, ReviewOutcome::kRewritten);
  EXPECT_THAT(patch_of(full), testing::Not(HasSubstr("original-images")));
}

TEST(Admission, AnAnnotationOptsOut) {
  const auto with = [](const std::string& value) {
    return review({R"({"metadata":{"annotations":{"localregistry.dev/rewrite":")" + value +
                   R"("}},"spec":{"containers":[{"name":"a","image":"alpine"}]}})"});
  };
  EXPECT_EQ(with("disabled").outcome, ReviewOutcome::kOptedOut);
  EXPECT_EQ(patch_of(with("disabled")), "");
  EXPECT_EQ(with("enabled").outcome, ReviewOutcome::kRewritten);
}

TEST(Admission, OnlyNewEphemeralContainersAreRewritten) {
  Asked asked;
  asked.operation = "UPDATE";
  asked.subresource = "ephemeralcontainers";
  asked.pod = R"({"metadata":{"name":"web","annotations":{"a":"b"}},"spec":{
      "containers":[{"name":"main","image":"alpine"}],
      "ephemeralContainers":[{"name":"debug-1","image":"alpine"},
                             {"name":"debug-2","image":"alpine:3"}]}})";
  asked.before = R"({"metadata":{"name":"web"},"spec":{
      "containers":[{"name":"main","image":"alpine"}],
      "ephemeralContainers":[{"name":"debug-1","image":"alpine"}]}})";
  const Review result = review(asked);
  EXPECT_EQ(canonical(patch_of(result)),
            canonical(R"([{"op": "replace", "path": "/spec/ephemeralContainers/1/image",
                           "value": "localhost:31234/library/alpine:3"}])"));
  EXPECT_THAT(result.answer, HasSubstr(R"("original-images":"{\"debug-2\":\"alpine:3\"}")"));
}

// Returns a Pod with one container of `image`, and with the annotation for `originals` unless it is
// empty.
std::string pod_of(const std::string& image, const std::string& originals = "",
                   const std::string& annotations = "") {
  std::string all = annotations;
  if (!originals.empty()) {
    all += (all.empty() ? "" : ",") +
           json::encode(std::string(admission::kOriginalImagesAnnotation)) + ":" +
           json::encode(originals);
  }
  return R"({"metadata":{"name":"web","annotations":{)" + all +
         R"(}},"spec":{"containers":[{"name":"main","image":")" + image + R"("}]}})";
}

Review update(const std::string& before, const std::string& pod) {
  Asked asked;
  asked.operation = "UPDATE";
  asked.before = before;
  asked.pod = pod;
  return review(asked);
}

const char* const kOriginal = R"({"main":"alpine:1"})";
const char* const kLocal = "localhost:31234/library/alpine:1";

TEST(Admission, AnImageThatAnUpdatePutsBackIsRewrittenAgainAndNothingElseIsPatched) {
  const Review result = update(pod_of(kLocal, kOriginal), pod_of("alpine:1", kOriginal));
  EXPECT_EQ(result.outcome, ReviewOutcome::kRewritten);
  EXPECT_EQ(result.images, 1U);
  EXPECT_EQ(canonical(patch_of(result)),
            canonical(R"([{"op": "replace", "path": "/spec/containers/0/image",
                           "value": "localhost:31234/library/alpine:1"}])"));
}

TEST(Admission, AReplacedPodGetsItsAnnotationBack) {
  const Review result = update(pod_of(kLocal, kOriginal), pod_of("alpine:1"));
  EXPECT_EQ(canonical(patch_of(result)), canonical(R"([
    {"op": "replace", "path": "/spec/containers/0/image",
     "value": "localhost:31234/library/alpine:1"},
    {"op": "add", "path": "/metadata/annotations",
     "value": {"localregistry.dev/original-images": "{\"main\":\"alpine:1\"}"}}])"));
}

TEST(Admission, ANewImageOfAnUpdateIsRewrittenAndItsOriginalRecorded) {
  const Review result = update(pod_of(kLocal, kOriginal), pod_of("alpine:2", kOriginal));
  EXPECT_EQ(canonical(patch_of(result)), canonical(R"([
    {"op": "replace", "path": "/spec/containers/0/image",
     "value": "localhost:31234/library/alpine:2"},
    {"op": "add", "path": "/metadata/annotations/localregistry.dev~1original-images",
     "value": "{\"main\":\"alpine:2\"}"}])"));
}

TEST(Admission, OnlyTheContainersWhoseImageChangedAreRewritten) {
  const auto pod = [](const std::string& first, const std::string& main) {
    return R"({"metadata":{"name":"web","labels":{"a":")" + main + R"("}},"spec":{
        "containers":[{"name":"main","image":")" +
           main + R"("},{"name":"other","image":"alpine:9"}],
        "initContainers":[{"name":"first","image":")" +
           first + R"("}],
        "ephemeralContainers":[{"name":"debug","image":"alpine:9"}],
        "volumes":[{"name":"data","image":{"reference":"alpine:9"}}]}})";
  };
  EXPECT_EQ(canonical(patch_of(update(pod("alpine:1", "alpine:1"), pod("alpine:1", "alpine:2")))),
            canonical(R"([
    {"op": "replace", "path": "/spec/containers/0/image",
     "value": "localhost:31234/library/alpine:2"},
    {"op": "add", "path": "/metadata/annotations",
     "value": {"localregistry.dev/original-images": "{\"main\":\"alpine:2\"}"}}])"));
  EXPECT_THAT(patch_of(update(pod("alpine:1", "x"), pod("alpine:2", "x"))),
              HasSubstr("/spec/initContainers/0/image"));
  const Review same = update(pod("alpine:1", "alpine:1"), pod("alpine:1", "alpine:1"));
  EXPECT_EQ(same.outcome, ReviewOutcome::kUnchanged);
  EXPECT_EQ(patch_of(same), "");
}

TEST(Admission, ARunningPodThatWasNotRewrittenIsLeftAloneWhenOtherFieldsChange) {
  const Review result = update(pod_of("alpine:1"), pod_of("alpine:1", "", R"("a":"b")"));
  EXPECT_EQ(result.outcome, ReviewOutcome::kUnchanged);
  EXPECT_EQ(patch_of(result), "");
}

TEST(Admission, AnOriginalThatIsNoLongerTrueIsRemoved) {
  EXPECT_EQ(
      canonical(patch_of(update(pod_of(kLocal, kOriginal), pod_of("quay.io/a/b", kOriginal)))),
      canonical(R"([{"op": "remove",
                           "path": "/metadata/annotations/localregistry.dev~1original-images"}])"));
  const std::string two = R"({"main":"alpine:1","other":"alpine:7"})";
  EXPECT_EQ(canonical(patch_of(update(pod_of(kLocal, two), pod_of("quay.io/a/b", two)))),
            canonical(R"([{"op": "add",
                           "path": "/metadata/annotations/localregistry.dev~1original-images",
                           "value": "{\"other\":\"alpine:7\"}"}])"));
  EXPECT_EQ(patch_of(update(pod_of("x"), pod_of("quay.io/a/b"))), "");
}

// The API server calls a webhook again after another webhook has changed the Pod.
TEST(Admission, WhatAnUpdateRewroteIsNotPatchedAgain) {
  const std::string before = pod_of("quay.io/a/b");
  EXPECT_EQ(patch_of(update(before, pod_of(kLocal, kOriginal))), "");
}

TEST(Admission, AMirrorPodIsNeverChanged) {
  const std::string mirror = pod_of("alpine:1", "", R"("kubernetes.io/config.mirror":"5f0c")");
  EXPECT_EQ(review({mirror}).outcome, ReviewOutcome::kExcluded);
  EXPECT_EQ(patch_of(review({mirror})), "");
  EXPECT_EQ(update(pod_of("alpine:2"), mirror).outcome, ReviewOutcome::kExcluded);
  EXPECT_EQ(update(mirror, pod_of("alpine:2")).outcome, ReviewOutcome::kExcluded);
}

TEST(Admission, ThePodOfARegistryIsLeftAloneByAnUpdateThatTakesItsLabel) {
  const auto pod = [](const std::string& image, const std::string& labels) {
    return R"({"metadata":{"labels":{)" + labels +
           R"(}},"spec":{"containers":[{"name":"a","image":")" + image + R"("}]}})";
  };
  const std::string own = R"("app.kubernetes.io/managed-by":"local-registry-operator")";
  EXPECT_EQ(update(pod("alpine:1", own), pod("alpine:2", "")).outcome, ReviewOutcome::kExcluded);
  EXPECT_EQ(update(pod("alpine:1", ""), pod("alpine:2", own)).outcome, ReviewOutcome::kExcluded);
}

TEST(Admission, AnAnnotationOptsOutOfUpdatesToo) {
  const std::string out = R"("localregistry.dev/rewrite":"disabled")";
  EXPECT_EQ(update(pod_of(kLocal), pod_of("alpine:1", "", out)).outcome, ReviewOutcome::kOptedOut);
}

TEST(Admission, OtherRequestsChangeNothing) {
  Asked asked;
  asked.pod = R"({"metadata":{},"spec":{"containers":[{"name":"a","image":"alpine"}]}})";
  for (const auto& [operation, subresource, resource] :
       {std::tuple{"DELETE", "", "pods"},
        {"CONNECT", "", "pods"},
        {"UPDATE", "resize", "pods"},
        {"CREATE", "binding", "pods"},
        {"UPDATE", "status", "pods"},
        {"CREATE", "", "deployments"},
        {"CREATE", "ephemeralcontainers", "pods"}}) {
    asked.operation = operation;
    asked.subresource = subresource;
    asked.resource = resource;
    const Review result = review(asked);
    EXPECT_EQ(result.outcome, ReviewOutcome::kExcluded) << operation << subresource << resource;
    EXPECT_EQ(patch_of(result), "");
  }
}

TEST(Admission, TheOperatorsNamespaceAndKubeSystemAreLeftAlone) {
  Asked asked;
  asked.pod = R"({"metadata":{},"spec":{"containers":[{"name":"a","image":"alpine"}]}})";
  for (const char* name : {"kube-system", "local-registry-system"}) {
    asked.namespace_name = name;
    EXPECT_EQ(review(asked).outcome, ReviewOutcome::kExcluded) << name;
  }
  asked.namespace_name = "team-b";
  EXPECT_EQ(review(asked).outcome, ReviewOutcome::kUnchanged);
}

// If the webhook rewrote the image of a registry's own Pod, that registry would wait for itself.
TEST(Admission, ThePodOfARegistryIsLeftAlone) {
  const Review result = review({R"({"metadata":{"labels":{
      "app.kubernetes.io/managed-by":"local-registry-operator"}},
      "spec":{"containers":[{"name":"a","image":"alpine"}]}})"});
  EXPECT_EQ(result.outcome, ReviewOutcome::kExcluded);
  EXPECT_EQ(patch_of(result), "");
}

TEST(Admission, APodOfWrongTypesIsAllowedUnchangedAndCounted) {
  for (const char* pod :
       {"[]", "\"text\"", "null", "{\"spec\":[]}", "{\"spec\":{\"containers\":{}}}",
        "{\"spec\":{\"containers\":[null]}}", "{\"spec\":{\"containers\":[{\"image\":7}]}}",
        "{\"spec\":{\"volumes\":[{\"image\":\"alpine\"}]}}",
        "{\"metadata\":{\"annotations\":{\"a\":1}},\"spec\":{}}", "{\"metadata\":7}"}) {
    const Review result = review({pod});
    EXPECT_EQ(result.outcome, ReviewOutcome::kMalformed) << pod;
    EXPECT_FALSE(result.problem.empty()) << pod;
    EXPECT_EQ(patch_of(result), "") << pod;
  }
}

TEST(Admission, WithoutThePodBeforeAnUpdateIsLeftAlone) {
  Asked asked;
  asked.operation = "UPDATE";
  for (const char* subresource : {"ephemeralcontainers", ""}) {
    asked.subresource = subresource;
    asked.pod = R"({"spec":{"ephemeralContainers":[{"name":"a","image":"alpine"}],
                            "containers":[{"name":"b","image":"alpine"}]}})";
    EXPECT_EQ(review(asked).outcome, ReviewOutcome::kMalformed);
  }
}

TEST(Admission, WhatIsNoReviewIsAnError) {
  for (const char* body :
       {"", "{", "[]", "7", "{}", R"({"kind":"AdmissionReview"})",
        R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"})",
        R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":""}})",
        R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":7}})",
        R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1",
            "request":{"uid":"a"}})",
        R"({"kind":"Pod","apiVersion":"v1","request":{"uid":"a"}})"}) {
    const auto result = admission::review_pod(body, policy());
    ASSERT_FALSE(result) << body;
    EXPECT_EQ(result.error().code, base::ErrorCode::kMalformed) << body;
  }
}

TEST(Admission, WhatIsTooLargeOrTooDeepIsAnError) {
  const auto code_of = [](std::string body) {
    return admission::review_pod(std::move(body), policy()).error().code;
  };
  EXPECT_EQ(code_of(std::string(limits::kAdmissionBytes + 1, ' ')), base::ErrorCode::kTooLarge);
  EXPECT_EQ(code_of(std::string(1'000'000, '[')), base::ErrorCode::kTooLarge);
  std::string many = R"({"request":{"object":{"spec":{"containers":[)";
  for (std::size_t i = 0; i < limits::kAdmissionValues; ++i) many += "{},";
  EXPECT_EQ(code_of(many + "{}]}}}}"), base::ErrorCode::kTooLarge);
}

// An object has at most 1.5 MiB in etcd; the request of an UPDATE carries it twice.
constexpr std::size_t kObjectBytes = 3 << 19;

// Returns a Pod of nearly kObjectBytes: a third is managedFields, the rest are variables of its
// container.
std::string largest_pod(const std::string& image) {
  std::string text = R"({"metadata":{"name":"large","managedFields":[{"fieldsV1":{)";
  while (text.size() < kObjectBytes / 3) {
    text += R"("f:n)" + std::to_string(text.size()) + R"(":{},)";
  }
  text += R"("f:end":{}}}]},"spec":{"containers":[{"name":"main","image":")" + image;
  text += R"(","env":[)";
  while (text.size() < kObjectBytes - 100) {
    text += R"({"name":"A)" + std::to_string(text.size()) + R"(","value":"b"},)";
  }
  return text + R"({"name":"END"}]}]}})";
}

TEST(Admission, TheLargestPodThatTheApiServerStoresIsReviewed) {
  Asked asked;
  asked.operation = "UPDATE";
  asked.before = largest_pod("alpine:1");
  asked.pod = largest_pod("alpine:2");
  ASSERT_LE(asked.pod.size(), kObjectBytes);
  EXPECT_LT(request(asked).size(), limits::kAdmissionBytes);
  EXPECT_EQ(review(asked).outcome, ReviewOutcome::kRewritten);
}

TEST(Admission, APodWhoseImagesTakeTooLargeAPatchIsAllowedUnchanged) {
  std::string pod = R"({"spec":{"containers":[)";
  for (int i = 0; i < 2000; ++i) {
    pod += R"({"name":"a)" + std::to_string(i) + R"(","image":"alpine:)" + std::string(100, 'x') +
           "\"},";
  }
  pod += R"({"name":"last","image":"alpine"}]}})";
  const Review result = review({pod});
  EXPECT_EQ(result.outcome, ReviewOutcome::kMalformed);
  EXPECT_THAT(result.problem, HasSubstr("more than 131072 bytes"));
  EXPECT_EQ(patch_of(result), "");
}

#ifndef __SANITIZE_ADDRESS__  // AddressSanitizer needs additional memory

// Returns the peak memory of the process in bytes.
std::size_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) << 10;
}

// Reviews `body` and writes to `out` how many bytes of memory that took besides the body.
void measure(std::string body, int out) {
  const std::size_t before = peak_memory();
  const auto result = admission::review_pod(std::move(body), policy());
  const std::size_t taken = peak_memory() - before;
  const bool written = ::write(out, &taken, sizeof taken) == sizeof taken;
  ::_exit(written ? 0 : 1);
}

// Measures each body in a separate process, so that a review cannot reuse memory that an earlier
// one has freed.
std::size_t memory_of_review(const std::string& body) {
  int ends[2] = {};
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) measure(body, ends[1]);
  std::size_t taken = ~std::size_t{0};
  EXPECT_EQ(::read(ends[0], &taken, sizeof taken), static_cast<ssize_t>(sizeof taken));
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  return taken;
}

// Returns a review whose Pod is `begin`, then as many copies of `element` as the limits allow, then
// `end`.
std::string filled(const std::string& begin, const std::string& element, const std::string& end) {
  const std::string head =
      R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"1",)"
      R"("resource":{"version":"v1","resource":"pods"},"namespace":"team-a","operation":"CREATE",)"
      R"("object":)";
  std::string text = head + begin + element;
  std::size_t elements = 1;
  while (text.size() + element.size() + end.size() + 64 < limits::kAdmissionBytes &&
         ++elements < limits::kAdmissionValues / 2 - 100) {
    text += "," + element;
  }
  return text + end + "}}";
}

TEST(Admission, TheWorstReviewsStayWithinTheirBoundOfMemory) {
  const std::string containers = R"({"spec":{"containers":[)";
  const std::string annotations = R"({"metadata":{"annotations":{)";
  const std::string reference =
      "alpine:" + std::string(100, 'x') + "@sha256:" + std::string(64, 'a');
  const std::string bodies[] = {
      filled(containers, R"({"image":"alpine"})", "]}}"),
      filled(containers, R"({"image":")" + reference + R"("})", "]}}"),
      filled(containers, "{}", "]}}"),
      filled(annotations, R"("a":"")", "}}}"),
      filled(annotations,
             R"("localregistry.dev/original-images":")" +
                 std::string(limits::kAdmissionBytes - 1000, 'x') + "\"",
             R"(}},"spec":{"containers":[{"name":"a","image":"alpine"}]}})"),
      filled(R"({"unknown":[)", R"({"a":{},"b":[0,1,2,3,4,5,6,7,8,9]})", "]}")};
  for (const std::string& body : bodies) {
    ASSERT_LE(body.size(), limits::kAdmissionBytes);
    EXPECT_LE(memory_of_review(body), limits::kAdmissionReviewBytes) << body.substr(0, 250);
  }
}

#endif

TEST(Admission, NoCutOfAReviewDoesHarm) {
  const std::string whole = request(
      {R"({"metadata":{"name":"web"},"spec":{"containers":[{"name":"a","image":"alpine"}]}})"});
  ASSERT_TRUE(admission::review_pod(whole, policy()));
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_FALSE(admission::review_pod(whole.substr(0, bytes), policy())) << bytes;
  }
}

TEST(PointerToken, EscapesWhatAJsonPointerGivesAMeaning) {
  EXPECT_EQ(admission::pointer_token("a/b~c"), "a~1b~0c");
  EXPECT_THAT(admission::pointer_token(""), IsEmpty());
}

}  // namespace
