#include "kube/requests.h"

#include <utility>

#include "base/text/percent.h"
#include "json/fields.h"

namespace kube {
namespace {

// No object has this resourceVersion: etcd's revisions start at 1, and no object has the first one.
constexpr std::string_view kImpossibleVersion = "1";
constexpr std::string_view kMergePatch = "application/merge-patch+json";
constexpr std::string_view kApplyPatch = "application/apply-patch+yaml";
constexpr std::string_view kJson = "application/json";

std::string collection_path(const api::ResourceType& type, std::string_view namespace_name) {
  std::string path =
      type.group.empty() ? "/api/" : "/apis/" + base::percent_encoded(type.group) + "/";
  path += base::percent_encoded(type.version);
  if (type.namespaced && !namespace_name.empty()) {
    path += "/namespaces/" + base::percent_encoded(namespace_name);
  }
  path += "/" + base::percent_encoded(type.plural);
  return path;
}

std::string object_path(const api::ResourceType& type, const api::ObjectKey& key,
                        Subresource subresource = Subresource::kNone) {
  std::string path =
      collection_path(type, key.namespace_name) + "/" + base::percent_encoded(key.name);
  if (subresource == Subresource::kStatus) path += "/status";
  return path;
}

// Appends query parameters to a path and leaves out parameters with an empty value.
class Query {
 public:
  explicit Query(std::string path) : target_(std::move(path)) {}

  Query& add(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    target_ += separator_;
    target_ += name;
    target_ += '=';
    target_ += base::percent_encoded(value);
    separator_ = '&';
    return *this;
  }

  std::string take() { return std::move(target_); }

 private:
  std::string target_;
  char separator_ = '?';
};

std::string_view name(Propagation propagation) {
  switch (propagation) {
    case Propagation::kBackground: return "Background";
    case Propagation::kForeground: return "Foreground";
    case Propagation::kOrphan: return "Orphan";
  }
  return "Background";
}

Request without_body(Method method, std::string target) {
  Request request;
  request.method = method;
  request.target = std::move(target);
  request.timeout = limits::kRequestTimeout;
  return request;
}

Request with_body(Method method, std::string target, std::string_view content_type,
                  std::string body) {
  Request request = without_body(method, std::move(target));
  request.content_type = content_type;
  request.body = std::move(body);
  return request;
}

struct DeleteOptions {
  std::string api_version = "v1";
  std::string kind = "DeleteOptions";
  Preconditions preconditions;
  std::string propagation_policy;
};

struct FinalizersMeta {
  std::string uid;
  std::string resource_version;
  std::optional<std::vector<std::string>> finalizers;
};

struct FinalizersPatch {
  FinalizersMeta metadata;
};

}  // namespace
}  // namespace kube

template <>
struct json::Fields<kube::Preconditions> {
  using T = kube::Preconditions;
  static constexpr auto kTable = std::make_tuple(
      json::field("uid", &T::uid), json::field("resourceVersion", &T::resource_version));
};

template <>
struct json::Fields<kube::DeleteOptions> {
  using T = kube::DeleteOptions;
  static constexpr auto kTable =
      std::make_tuple(json::field("apiVersion", &T::api_version), json::field("kind", &T::kind),
                      json::field("preconditions", &T::preconditions),
                      json::field("propagationPolicy", &T::propagation_policy));
};

template <>
struct json::Fields<kube::FinalizersMeta> {
  using T = kube::FinalizersMeta;
  static constexpr auto kTable = std::make_tuple(
      json::field("uid", &T::uid), json::field("resourceVersion", &T::resource_version),
      json::field("finalizers", &T::finalizers));
};

template <>
struct json::Fields<kube::FinalizersPatch> {
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &kube::FinalizersPatch::metadata));
};

namespace kube {

void ApplyGuard::write_to(api::ObjectMeta& meta) const {
  meta.uid = uid_;
  meta.resource_version = uid_.empty() ? kImpossibleVersion : std::string_view(version_);
}

Request get_request(const api::ResourceType& type, const api::ObjectKey& key) {
  return without_body(Method::kGet, object_path(type, key));
}

Request list_request(const api::ResourceType& type, const ListOptions& options) {
  return without_body(Method::kGet,
                      Query(collection_path(type, options.namespace_name))
                          .add("labelSelector", options.label_selector)
                          .add("fieldSelector", options.field_selector)
                          .add("limit", options.limit > 0 ? std::to_string(options.limit) : "")
                          .add("continue", options.continue_token)
                          .take());
}

Request watch_request(const api::ResourceType& type, const WatchOptions& options) {
  Query query(collection_path(type, options.namespace_name));
  query.add("watch", "true")
      .add("allowWatchBookmarks", "true")
      .add("labelSelector", options.label_selector)
      .add("fieldSelector", options.field_selector)
      .add("resourceVersion", options.resource_version)
      .add("timeoutSeconds", std::to_string(options.timeout.count()));
  if (options.send_initial_events) {
    query.add("sendInitialEvents", "true").add("resourceVersionMatch", "NotOlderThan");
  }
  return without_body(Method::kGet, query.take());
}

// The request turns off field validation (fieldValidation=Ignore), because a server-side apply
// rejects unknown fields anyway. To warn of unknown and duplicate fields, the API server would
// parse the body a second time, which takes 15% of its CPU in a burst.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
Request apply_request(const api::ResourceType& type, const api::ObjectKey& key,
                      Subresource subresource, std::string body) {
  return with_body(Method::kPatch,
                   Query(object_path(type, key, subresource))
                       .add("fieldManager", kFieldManager)
                       .add("force", "true")
                       .add("fieldValidation", "Ignore")
                       .take(),
                   kApplyPatch, std::move(body));
}

Request merge_patch_request(const api::ResourceType& type, const api::ObjectKey& key,
                            Subresource subresource, std::string body) {
  return with_body(
      Method::kPatch,
      Query(object_path(type, key, subresource)).add("fieldManager", kFieldManager).take(),
      kMergePatch, std::move(body));
}

Request create_request(const api::ResourceType& type, std::string_view namespace_name,
                       std::string body) {
  return with_body(
      Method::kPost,
      Query(collection_path(type, namespace_name)).add("fieldManager", kFieldManager).take(), kJson,
      std::move(body));
}

Request delete_request(const api::ResourceType& type, const api::ObjectKey& key,
                       const Preconditions& preconditions, Propagation propagation) {
  DeleteOptions options;
  options.preconditions = preconditions;
  options.propagation_policy = name(propagation);
  return with_body(Method::kDelete, object_path(type, key), kJson, json::encode(options));
}

std::string finalizers_patch(const api::ObjectMeta& meta, std::vector<std::string> finalizers) {
  FinalizersPatch patch;
  patch.metadata.uid = meta.uid;
  patch.metadata.resource_version = meta.resource_version;
  patch.metadata.finalizers = std::move(finalizers);
  return json::encode(patch);
}

}  // namespace kube
