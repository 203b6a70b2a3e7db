#include "unit/operator/fake_cluster.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/url/url_view.hpp>
#include <sstream>

#include "json/fields.h"
#include "reconcile/children/names.h"

namespace test {

// The part of a DeleteOptions that FakeCluster evaluates.
struct Expected {
  std::string uid;
  std::string resource_version;
};
struct DeleteBody {
  Expected preconditions;
};
struct PatchBody {
  api::ObjectMeta metadata;
};

}  // namespace test

template <>
struct json::Fields<test::Expected> {
  static constexpr auto kTable =
      std::make_tuple(json::field("uid", &test::Expected::uid),
                      json::field("resourceVersion", &test::Expected::resource_version));
};
template <>
struct json::Fields<test::DeleteBody> {
  static constexpr auto kTable =
      std::make_tuple(json::field("preconditions", &test::DeleteBody::preconditions));
};
template <>
struct json::Fields<test::PatchBody> {
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &test::PatchBody::metadata));
};

namespace test {
namespace {

constexpr std::string_view kImpossibleVersion = "1";

kube::Response ok(std::string body) { return support::answer(200, std::move(body)); }

kube::Response not_found() { return failure(404, "NotFound", "not found"); }
kube::Response conflict() { return failure(409, "Conflict", "the object has been modified"); }

std::string event_line(const std::string& type, const std::string& object) {
  return fmt::format(R"({{"type":"{}","object":{}}})", type, object);
}

// Evaluates a label selector of the form "key=value,key=value", the only form that the operator
// uses.
bool is_selected(const api::ObjectMeta& meta, const std::string& target) {
  const boost::urls::url_view url(target);
  const auto selector = url.params().find("labelSelector");
  if (selector == url.params().end()) return true;
  std::istringstream terms((*selector).value);
  for (std::string term; std::getline(terms, term, ',');) {
    const std::size_t equals = term.find('=');
    if (api::lookup(meta.labels, term.substr(0, equals)) != term.substr(equals + 1)) return false;
  }
  return true;
}

bool is_watched(const api::ObjectMeta& meta, const std::string& target) {
  const std::size_t at = target.find("/namespaces/");
  if (at != std::string::npos) {
    const std::string rest = target.substr(at + 12);
    if (rest.substr(0, rest.find('/')) != meta.namespace_name) return false;
  }
  const std::string by_name = "fieldSelector=metadata.name%3D";
  const std::size_t field = target.find(by_name);
  if (field != std::string::npos) {
    const std::string rest = target.substr(field + by_name.size());
    if (rest.substr(0, rest.find('&')) != meta.name) return false;
  }
  return is_selected(meta, target);
}

}  // namespace

kube::Response failure(int code, const std::string& reason, const std::string& message,
                       const std::string& field) {
  std::string causes;
  if (!field.empty()) {
    causes = fmt::format(R"(,"causes":[{{"reason":"{}","field":"{}"}}])", reason, field);
  }
  return support::answer(
      code, fmt::format(R"({{"kind":"Status","status":"Failure","reason":"{}","message":"{}",)"
                        R"("details":{{"name":"it"{}}},"code":{}}})",
                        reason, message, causes, code));
}

FakeCluster::FakeCluster(support::ScriptedTransport& transport) : transport_(transport) {
  transport_.on_send = [this](const kube::Request& request) { return handle(request); };
}

template <class T>
void FakeCluster::tell(const std::string& type, const T& object) {
  untold_.emplace_back(api::Resource<T>::kType.plural,
                       event_line(type, api::encode_object(object)));
}

template <class T>
const T& FakeCluster::put(T object) {
  const api::ObjectKey key = api::key_of(object.metadata);
  const bool is_new = !shelf<T>().contains(key);
  object.metadata.resource_version = std::to_string(++revision_);
  if (object.metadata.uid.empty()) object.metadata.uid = fmt::format("uid-{}", revision_);
  tell(is_new ? "ADDED" : "MODIFIED", object);
  return shelf<T>()[key] = std::move(object);
}

template <class T>
void FakeCluster::erase(const api::ObjectKey& key) {
  const auto found = shelf<T>().find(key);
  if (found == shelf<T>().end()) return;
  T object = std::move(found->second);
  shelf<T>().erase(found);
  object.metadata.resource_version = std::to_string(++revision_);
  tell("DELETED", object);
}

template <class T>
const T* FakeCluster::find(const api::ObjectKey& key) const {
  const auto found = shelf<T>().find(key);
  return found == shelf<T>().end() ? nullptr : &found->second;
}

void FakeCluster::delete_registry(const api::ObjectKey& key) {
  api::LocalRegistry registry = *find<api::LocalRegistry>(key);
  if (registry.metadata.finalizers.empty()) {
    erase<api::LocalRegistry>(key);
    return collect_garbage(registry.metadata.uid);
  }
  registry.metadata.deletion_timestamp = base::Time(std::chrono::hours(1));
  put(std::move(registry));
}

template <class T>
void FakeCluster::collect(const std::string& uid) {
  std::vector<api::ObjectKey> owned;
  for (const auto& [key, object] : shelf<T>()) {
    for (const api::OwnerReference& owner : object.metadata.owner_references) {
      if (owner.uid == uid) owned.push_back(key);
    }
  }
  for (const api::ObjectKey& key : owned) erase<T>(key);
}

void FakeCluster::collect_garbage(const std::string& uid) {
  collect<api::Deployment>(uid);
  collect<api::StatefulSet>(uid);
  collect<api::Service>(uid);
  collect<api::PersistentVolumeClaim>(uid);
}

std::vector<std::string> FakeCluster::writes() const {
  std::vector<std::string> list;
  std::copy_if(requests.begin(), requests.end(), std::back_inserter(list),
               [](const std::string& request) { return request.rfind("GET", 0) != 0; });
  return list;
}

FakeCluster::Target FakeCluster::target_of(const std::string& path) {
  std::vector<std::string> parts;
  const std::string clean = path.substr(0, path.find('?'));
  for (std::size_t at = 1; at < clean.size();) {
    const std::size_t end = std::min(clean.find('/', at), clean.size());
    parts.push_back(clean.substr(at, end - at));
    at = end + 1;
  }
  parts.erase(parts.begin(), parts.begin() + (parts.front() == "api" ? 2 : 3));
  Target target;
  if (parts.size() > 2 && parts.front() == "namespaces") {
    target.key.namespace_name = parts[1];
    parts.erase(parts.begin(), parts.begin() + 2);
  }
  target.plural = parts[0];
  if (parts.size() > 1) target.key.name = parts[1];
  target.status = parts.size() > 2 && parts[2] == "status";
  return target;
}

base::Result<kube::Response> FakeCluster::handle(const kube::Request& request) {
  const Target target = target_of(request.target);
  if (target.plural == "events" && request.method == kube::Method::kGet) {
    event_reads.push_back(request.target);
    return ok(fmt::format(R"({{"metadata":{{}},"items":{}}})", event_list));
  }
  if (target.plural == "events") {
    events.push_back(request.body);
    return ok("{}");
  }
  if (target.plural == "nodes") {
    return ok(fmt::format(R"({{"metadata":{{}},"items":[{{"metadata":{{"name":"n"}},)"
                          R"("spec":{{"providerID":"{}"}}}}]}})",
                          provider_id));
  }
  const std::string line = fmt::format("{} {}{} {}", kube::name(request.method), target.plural,
                                       target.status ? "/status" : "", api::to_string(target.key));
  requests.push_back(line);
  if (intercept) {
    if (auto answer = intercept(line)) return *std::move(answer);
  }
  const std::string& plural = target.plural;
  if (plural == "localregistries") return handle<api::LocalRegistry>(request, target);
  if (plural == "deployments") return handle<api::Deployment>(request, target);
  if (plural == "statefulsets") return handle<api::StatefulSet>(request, target);
  if (plural == "services") return handle<api::Service>(request, target);
  if (plural == "persistentvolumeclaims") {
    return handle<api::PersistentVolumeClaim>(request, target);
  }
  if (plural == "secrets") return handle<api::Secret>(request, target);
  if (plural == "mutatingwebhookconfigurations") {
    return handle<api::MutatingWebhookConfiguration>(request, target);
  }
  return not_found();
}

template <class T>
std::string FakeCluster::list(const std::string& target) const {
  std::string items;
  for (const auto& [key, object] : shelf<T>()) {
    if (!is_watched(object.metadata, target)) continue;
    items += (items.empty() ? "" : ",") + api::encode_object(object);
  }
  return fmt::format(R"({{"metadata":{{}},"items":[{}]}})", items);
}

template <class T>
kube::Response FakeCluster::handle(const kube::Request& request, const Target& target) {
  switch (request.method) {
    case kube::Method::kGet: {
      if (target.key.name.empty()) return ok(list<T>(request.target));
      const T* found = find<T>(target.key);
      return found == nullptr ? not_found() : ok(api::encode_object(*found));
    }
    case kube::Method::kPatch:
      return request.content_type.find("apply") != std::string::npos
                 ? apply<T>(request.body, target)
                 : patch<T>(request.body, target);
    case kube::Method::kPost: return create<T>(request.body);
    case kube::Method::kDelete: return remove<T>(request.body, target);
    default: return failure(405, "MethodNotAllowed", "no");
  }
}

void FakeCluster::assign_ports(api::Service& service, const api::Service* before) {
  for (api::ServicePort& port : service.spec.ports) {
    if (port.node_port == 0 && before != nullptr) {
      port.node_port = before->spec.ports.front().node_port;
    }
    if (port.node_port == 0) port.node_port = next_port_++;
  }
}

template <class T>
kube::Response FakeCluster::create(const std::string& body) {
  T object = *json::parse<T>(body);
  if (find<T>(api::key_of(object.metadata)) != nullptr) {
    return failure(409, "AlreadyExists", "it exists");
  }
  return ok(api::encode_object(put(std::move(object))));
}

template <class T>
kube::Response FakeCluster::apply(const std::string& body, const Target& target) {
  T object = *json::parse<T>(body);
  const T* before = find<T>(target.key);
  const std::string version = object.metadata.resource_version;
  const std::string uid = object.metadata.uid;
  const bool must_not_exist = version == kImpossibleVersion;
  if (must_not_exist ? before != nullptr : !uid.empty() && before == nullptr) return conflict();
  if (before != nullptr && !uid.empty() && before->metadata.uid != uid) return conflict();
  if (target.status && before == nullptr) return not_found();
  if (before != nullptr && !version.empty() && before->metadata.resource_version != version) {
    return conflict();
  }
  if (target.status) {
    if constexpr (std::is_same_v<T, api::LocalRegistry>) {
      T changed = *before;
      changed.status = object.status;
      return ok(api::encode_object(put(std::move(changed))));
    }
  }
  if (before != nullptr) {
    object.metadata.uid = before->metadata.uid;
    object.metadata.finalizers = before->metadata.finalizers;
    object.metadata.generation = before->metadata.generation + 1;
  }
  if constexpr (std::is_same_v<T, api::Service>) assign_ports(object, before);
  if constexpr (std::is_same_v<T, api::Deployment>) {
    if (mutate) mutate(object);
  }
  return ok(api::encode_object(put(std::move(object))));
}

template <class T>
kube::Response FakeCluster::patch(const std::string& body, const Target& target) {
  const api::ObjectMeta wanted = json::parse<PatchBody>(body)->metadata;
  const T* before = find<T>(target.key);
  if (before == nullptr) return not_found();
  if ((!wanted.uid.empty() && before->metadata.uid != wanted.uid) ||
      before->metadata.resource_version != wanted.resource_version) {
    return conflict();
  }
  T changed = *before;
  if constexpr (std::is_same_v<T, api::Secret>) {
    const api::Secret sent = *json::parse<api::Secret>(body);
    for (const auto& [name, value] : sent.data) changed.data[name] = value;
    return ok(api::encode_object(put(std::move(changed))));
  }
  changed.metadata.finalizers = wanted.finalizers;
  if (removes_finalizers) changed.metadata.finalizers.clear();
  if (wanted.finalizers.empty() && reconcile::is_terminating(changed.metadata)) {
    const std::string uid = changed.metadata.uid;
    erase<T>(target.key);
    collect_garbage(uid);
    return ok(api::encode_object(changed));
  }
  return ok(api::encode_object(put(std::move(changed))));
}

template <class T>
kube::Response FakeCluster::remove(const std::string& body, const Target& target) {
  const Expected expected = json::parse<DeleteBody>(body)->preconditions;
  const T* before = find<T>(target.key);
  if (before == nullptr) return not_found();
  if (!expected.uid.empty() && before->metadata.uid != expected.uid) return conflict();
  if (!expected.resource_version.empty() &&
      before->metadata.resource_version != expected.resource_version) {
    return conflict();
  }
  if (before->metadata.finalizers.empty()) {
    erase<T>(target.key);
    return ok(R"({"kind":"Status","status":"Success"})");
  }
  T held = *before;
  held.metadata.deletion_timestamp = base::Time(std::chrono::hours(1));
  return ok(api::encode_object(put(std::move(held))));
}

template <class T>
void FakeCluster::list_into(support::Feed& feed, const std::string& target) const {
  for (const auto& [key, object] : shelf<T>()) {
    if (is_watched(object.metadata, target)) {
      feed.line(event_line("ADDED", api::encode_object(object)));
    }
  }
}

bool FakeCluster::tell_watches() {
  auto untold = std::exchange(untold_, {});
  const auto held = std::stable_partition(untold.begin(), untold.end(),
                                          [&](const auto& one) { return one.first != late; });
  untold_.assign(held, untold.end());
  untold.erase(held, untold.end());
  const bool any = fed_ < transport_.streams.size() || !untold.empty();
  for (std::size_t i = 0; i < transport_.streams.size(); ++i) {
    support::Feed& feed = *transport_.streams[i];
    const std::string& target = transport_.opened[i].target;
    const std::string plural = target_of(target).plural;
    if (i < fed_) {
      for (const auto& [kind, line] : untold) {
        if (kind == plural) feed.line(line);
      }
      continue;
    }
    if (plural == "localregistries") list_into<api::LocalRegistry>(feed, target);
    if (plural == "deployments") list_into<api::Deployment>(feed, target);
    if (plural == "statefulsets") list_into<api::StatefulSet>(feed, target);
    if (plural == "services") list_into<api::Service>(feed, target);
    if (plural == "persistentvolumeclaims") list_into<api::PersistentVolumeClaim>(feed, target);
    if (plural == "pods") list_into<api::Pod>(feed, target);
    if (plural == "namespaces") list_into<api::Namespace>(feed, target);
    if (plural == "secrets") list_into<api::Secret>(feed, target);
    if (plural == "mutatingwebhookconfigurations") {
      list_into<api::MutatingWebhookConfiguration>(feed, target);
    }
    feed.line(fmt::format(R"({{"type":"BOOKMARK","object":{{"metadata":{{"resourceVersion":"{}",)"
                          R"("annotations":{{"k8s.io/initial-events-end":"true"}}}}}}}})",
                          revision_));
  }
  fed_ = transport_.streams.size();
  return any;
}

template const api::LocalRegistry& FakeCluster::put(api::LocalRegistry object);
template void FakeCluster::erase<api::LocalRegistry>(const api::ObjectKey& key);
template const api::LocalRegistry* FakeCluster::find(const api::ObjectKey& key) const;
template const api::Deployment& FakeCluster::put(api::Deployment object);
template void FakeCluster::erase<api::Deployment>(const api::ObjectKey& key);
template const api::Deployment* FakeCluster::find(const api::ObjectKey& key) const;
template const api::StatefulSet& FakeCluster::put(api::StatefulSet object);
template void FakeCluster::erase<api::StatefulSet>(const api::ObjectKey& key);
template const api::StatefulSet* FakeCluster::find(const api::ObjectKey& key) const;
template const api::Service& FakeCluster::put(api::Service object);
template void FakeCluster::erase<api::Service>(const api::ObjectKey& key);
template const api::Service* FakeCluster::find(const api::ObjectKey& key) const;
template const api::PersistentVolumeClaim& FakeCluster::put(api::PersistentVolumeClaim object);
template void FakeCluster::erase<api::PersistentVolumeClaim>(const api::ObjectKey& key);
template const api::PersistentVolumeClaim* FakeCluster::find(const api::ObjectKey& key) const;
template const api::Pod& FakeCluster::put(api::Pod object);
template void FakeCluster::erase<api::Pod>(const api::ObjectKey& key);
template const api::Pod* FakeCluster::find(const api::ObjectKey& key) const;
template const api::Namespace& FakeCluster::put(api::Namespace object);
template void FakeCluster::erase<api::Namespace>(const api::ObjectKey& key);
template const api::Namespace* FakeCluster::find(const api::ObjectKey& key) const;
template const api::Secret& FakeCluster::put(api::Secret object);
template void FakeCluster::erase<api::Secret>(const api::ObjectKey& key);
template const api::Secret* FakeCluster::find(const api::ObjectKey& key) const;
template const api::MutatingWebhookConfiguration& FakeCluster::put(
    api::MutatingWebhookConfiguration object);
template void FakeCluster::erase<api::MutatingWebhookConfiguration>(const api::ObjectKey& key);
template const api::MutatingWebhookConfiguration* FakeCluster::find(
    const api::ObjectKey& key) const;

}  // namespace test
