// This file implements creations and updates: POST, PUT, and PATCH with a merge patch, JSON patch
// or apply. Source: the generic registry of Kubernetes 1.34; the checks have the same order.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "json/text/yaml.h"
#include "sim/defaults.h"
#include "sim/json_patch.h"
#include "sim/state.h"
#include "sim/typed.h"
#include "sim/validation.h"

namespace sim {
namespace {

constexpr std::string_view kClaimFinalizer = "kubernetes.io/pvc-protection";
constexpr std::size_t kSuffixLength = 5;

std::string undecodable(const Resource& resource, std::string_view why) {
  return fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", resource.kind,
                     resource.version, resource.kind, why);
}

// Decodes an object of a client and sets its default values.
Refusal decode(const Resource& resource, Value& object, Allocator& allocator,
               Nulls nulls = Nulls::kDropped) {
  if (Value* meta = find(object, "metadata"); meta == nullptr || meta->IsNull()) {
    set(object, "metadata", Value(rapidjson::kObjectType), allocator);
  }
  if (!resource.custom) {
    if (auto why = conform(*resource.schema, object, allocator)) {
      return bad_request(undecodable(resource, *why));
    }
    set_defaults(resource, object, allocator);
    return std::nullopt;
  }
  if (auto why = conform(schema_of("ObjectMeta"), object["metadata"], allocator)) {
    return bad_request(undecodable(resource, *why));
  }
  prune_and_default(*resource.schema, object, nulls, allocator);
  return std::nullopt;
}

void set_type(const Resource& resource, Value& object, Allocator& allocator) {
  set_text(object, "apiVersion", resource.api_version(), allocator);
  set_text(object, "kind", resource.kind, allocator);
}

Refusal check_type(const Resource& resource, const Value& object) {
  const std::string_view kind = text_at(object, {"kind"});
  const std::string_view version = text_at(object, {"apiVersion"});
  if (resource.custom && kind.empty()) {
    return bad_request("the object provided is unrecognized (must be of type " + resource.kind +
                       "): couldn't get version/kind; json parse error");
  }
  if (!kind.empty() && kind != resource.kind) {
    return bad_request(fmt::format("{} in version \"{}\" cannot be handled as a {}", kind,
                                   resource.version, resource.kind));
  }
  if (!version.empty() && version != resource.api_version()) {
    return bad_request(
        fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                    version, resource.api_version()));
  }
  return std::nullopt;
}

Refusal read_object(const Call& call, Document& object) {
  const std::string& type = call.request.content_type;
  if (!type.empty() && type != "application/json" && type != "application/yaml") {
    return unsupported_media_type(
        "application/json, application/yaml, application/vnd.kubernetes.protobuf");
  }
  object.Parse(call.request.body.data(), call.request.body.size());
  if (object.HasParseError() || !object.IsObject()) {
    return bad_request("the object provided is unrecognized (must be of type " +
                       call.resource().kind + "): couldn't get version/kind; json parse error");
  }
  if (Refusal refusal = check_type(call.resource(), object)) return refusal;
  set_type(call.resource(), object, object.GetAllocator());
  return decode(call.resource(), object, object.GetAllocator());
}

Refusal check_name(const Call& call, const Value& object) {
  const std::string_view name = text_at(object, {"metadata", "name"});
  const std::string_view space = text_at(object, {"metadata", "namespace"});
  if (!call.target.name.empty() && name != call.target.name) {
    if (name.empty()) return bad_request("name must be provided");
    return bad_request(
        fmt::format("the name of the object ({}) does not match the name on the URL ({})", name,
                    call.target.name));
  }
  if (!space.empty() && space != call.target.namespace_name) {
    return bad_request(
        call.target.name.empty()
            ? "the namespace of the provided object does not match the namespace sent on the "
              "request"
            : fmt::format(
                  "the namespace of the object ({}) does not match the namespace on the URL ({})",
                  space, call.target.namespace_name));
  }
  return std::nullopt;
}

Update update_of(const Call& call, std::string_view operation) {
  const Resource& resource = call.resource();
  return {resource.schema, call.is_status() ? &resource.reset_by_status : &resource.reset_by_main,
          call.writer(operation)};
}

// True if a finalizer holds the object, so that a deletion has to wait.
bool is_held(const Resource& resource, const Value& object) {
  return !is_empty(find(object, {"metadata", "finalizers"})) ||
         (resource.plural == "namespaces" && !is_empty(find(object, {"spec", "finalizers"})));
}

void copy_member(Value& to, const Value& from, std::string_view name, Allocator& allocator) {
  const Value* found = find(from, name);
  if (found == nullptr) {
    remove(to, name);
  } else {
    set(to, name, make_copy(*found, allocator), allocator);
  }
}

// Copies the metadata that only the server writes from the stored object.
void keep_system_fields(Value& meta, const Value& old_meta, Allocator& allocator) {
  if (text_at(meta, {"uid"}).empty()) copy_member(meta, old_meta, "uid", allocator);
  for (const char* name : {"creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
                           "generation", "name", "namespace", "generateName", "selfLink"}) {
    copy_member(meta, old_meta, name, allocator);
  }
}

kube::Response answer(int code, const ObjectPtr& object) {
  kube::Response response;
  response.status = code;
  response.body = object->text;
  return response;
}

// Keeps the part that this write may not change: the status, or all but the status.
void keep_other_part(const Call& call, Value& object, const Value& before, Allocator& allocator) {
  const Resource& resource = call.resource();
  if (!resource.has_status) return;
  if (!call.is_status()) return copy_member(object, before, "status", allocator);
  copy_member(object, before, "spec", allocator);
  if (resource.custom) {
    Value meta = make_copy(before["metadata"], allocator);
    copy_member(meta, object["metadata"], "resourceVersion", allocator);
    copy_member(meta, object["metadata"], "uid", allocator);
    set(object, "metadata", std::move(meta), allocator);
  } else if (resource.plural == "deployments") {
    copy_member(object["metadata"], before["metadata"], "labels", allocator);
  }
}

void count_generation(const Resource& resource, Value& object, const Value& before,
                      Allocator& allocator) {
  if (!resource.counts_generations) return;
  bool changed = !same(find(object, "spec"), find(before, "spec"));
  if (resource.plural == "deployments") {
    changed = changed || !same(find(object, {"metadata", "annotations"}),
                               find(before, {"metadata", "annotations"}));
  } else if (resource.plural == "mutatingwebhookconfigurations") {
    changed = !same(find(object, "webhooks"), find(before, "webhooks"));
  }
  if (!changed) return;
  const Value* old = find(before, {"metadata", "generation"});
  set(object["metadata"], "generation", Value(old == nullptr ? 1 : old->GetInt64() + 1), allocator);
}

Refusal patched(const std::string& body, PatchKind kind, Value& object, Allocator& allocator) {
  Document patch;
  patch.Parse(body.data(), body.size());
  if (patch.HasParseError()) {
    return bad_request("error decoding patch: unexpected end of JSON input");
  }
  if (kind == PatchKind::kJson) {
    if (!patch.IsArray()) return bad_request("error decoding patch: json: cannot unmarshal");
    if (!json_patch(object, patch, allocator)) return inapplicable_patch();
    return std::nullopt;
  }
  if (!patch.IsObject()) {
    return bad_request(
        "error decoding patch: json: cannot unmarshal array into Go value of type "
        "map[string]interface {}");
  }
  if (Value* meta = find(patch, "metadata")) remove(*meta, "managedFields");
  merge_patch(object, patch, allocator);
  return std::nullopt;
}

// Returns the object with which a creation is compared.
Value nothing_of(const Resource& resource, Allocator& allocator) {
  if (!resource.custom) return empty_object(*resource.schema, allocator);
  Value nothing(rapidjson::kObjectType);
  set(nothing, "metadata", Value(rapidjson::kObjectType), allocator);
  return nothing;
}

// Returns the managers before an apply. If the object has none, the manager "before-first-apply"
// gets all of its fields, as in a kube-apiserver.
Managers managers_before(const Call& call, const Stored& before, Allocator& allocator) {
  const Managers& managers = before.content->managers;
  if (!managers.empty()) return managers;
  Update update = update_of(call, "Update");
  update.writer.name = "before-first-apply";
  return updated(update, true, nothing_of(call.resource(), allocator), before.content->value, {});
}

// Returns the QoS class of a pod, from the cpu and memory that its containers request.
std::string_view quality_of_service(const Value& spec) {
  const Value* containers = find(spec, "containers");
  if (containers == nullptr || !containers->IsArray()) return "BestEffort";
  bool any = false;
  bool all = true;
  for (const Value& container : containers->GetArray()) {
    for (const char* name : {"cpu", "memory"}) {
      const Value* request = find(container, {"resources", "requests", name});
      const Value* limit = find(container, {"resources", "limits", name});
      any = any || request != nullptr || limit != nullptr;
      all = all && limit != nullptr && (request == nullptr || *request == *limit);
    }
  }
  return !any ? "BestEffort" : (all ? "Guaranteed" : "Burstable");
}

bool same_object(const Value& a, const Value& b) {
  if (a.MemberCount() != b.MemberCount()) return false;
  return a == b;
}

std::string described(const Manager& manager) {
  std::string text = quoted(manager.name);
  if (!manager.subresource.empty()) text += " with subresource " + quoted(manager.subresource);
  if (manager.operation == "Update") text += " using " + manager.api_version;
  return text;
}

Causes conflict_causes(const std::vector<Conflict>& conflicts, std::string& message) {
  Causes causes;
  std::string list;
  for (const Conflict& one : conflicts) {
    const std::string who = described(one.manager);
    list += (list.empty() ? "conflicts with " : "\nconflicts with ") + who + ":";
    for (const std::string& path : one.paths) {
      causes.push_back({"FieldManagerConflict", "conflict with " + who, path});
      list += "\n- " + path;
    }
  }
  message = fmt::format("Apply failed with {} conflict{}: ", causes.size(),
                        causes.size() == 1 ? "" : "s");
  message += causes.size() == 1 ? causes.front().message + ": " + causes.front().field : list;
  return causes;
}

}  // namespace

// The message contains the key of the object in etcd.
kube::Response storage_precondition_failed(const Call& call, std::string_view what,
                                           std::string_view asked, std::string_view actual) {
  const Resource& resource = call.resource();
  const std::string folder = resource.custom ? resource.group + "/" + resource.plural
                             : resource.plural == "services" ? "services/specs"
                                                             : resource.plural;
  const std::string& space = call.target.namespace_name;
  return conflict(resource, call.target.name,
                  fmt::format("StorageError: invalid object, Code: 4, Key: /registry/{}/{}{}{}, "
                              "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: {} in "
                              "precondition: {}, {} in object meta: {}",
                              folder, space, space.empty() ? "" : "/", call.target.name, what,
                              asked, what, actual));
}

Refusal ApiServer::State::check_namespace(const Call& call, std::string_view name) {
  if (!call.resource().namespaced) return std::nullopt;
  const std::string& space = call.target.namespace_name;
  const Stored* found = find_stored("namespaces", {"", space});
  if (found == nullptr) return namespace_missing(space);
  if (text_at(found->content->value, {"status", "phase"}) != "Terminating") return std::nullopt;
  return namespace_terminating(call.resource(), name, space);
}

// Refuses to expand a PVC whose class does not allow it.
Refusal ApiServer::State::check_expansion(const Call& call, const Value& object,
                                          const Value& before) {
  if (call.resource().plural != "persistentvolumeclaims" || call.is_status()) return std::nullopt;
  const std::string_view now = text_at(object, {"spec", "resources", "requests", "storage"});
  const std::string_view old = text_at(before, {"spec", "resources", "requests", "storage"});
  if (compare_quantities(now, old) <= 0) return std::nullopt;
  const std::string_view storage_class = text_at(object, {"spec", "storageClassName"});
  const auto& fixed = server->fixed_storage_classes;
  if (std::find(fixed.begin(), fixed.end(), storage_class) == fixed.end()) return std::nullopt;
  return forbidden_request(call.resource(), call.target.name,
                           "only dynamically provisioned pvc can be resized and the storageclass "
                           "that provisions the pvc must support resize");
}

// Adds what the default admission plugins of every cluster add.
void ApiServer::State::admit_new(const Resource& resource, Content& draft) {
  Allocator& allocator = draft.value.GetAllocator();
  if (resource.plural == "persistentvolumeclaims") {
    Value& finalizers = need_array(draft.value["metadata"], "finalizers", allocator);
    const bool has = std::any_of(finalizers.Begin(), finalizers.End(), [](const Value& one) {
      return one.IsString() && as_text(one) == kClaimFinalizer;
    });
    if (!has) finalizers.PushBack(make_text(kClaimFinalizer, allocator), allocator);
    if (!server->default_storage_class.empty()) {
      set_default(draft.value["spec"], "storageClassName", server->default_storage_class,
                  allocator);
    }
  } else if (resource.plural == "pods") {
    Value& spec = draft.value["spec"];
    set_default(spec, "serviceAccountName", "default", allocator);
    set_default(spec, "serviceAccount", text_at(spec, {"serviceAccountName"}), allocator);
    set_default(spec, "priority", Value(0), allocator);
    set_default(spec, "preemptionPolicy", "PreemptLowerPriority", allocator);
    Value& tolerations = need_array(spec, "tolerations", allocator);
    for (const char* taint : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
      const bool has = std::any_of(tolerations.Begin(), tolerations.End(), [&](const Value& one) {
        return text_at(one, {"key"}) == taint;
      });
      if (has) continue;
      Value toleration(rapidjson::kObjectType);
      set_text(toleration, "key", taint, allocator);
      set_text(toleration, "operator", "Exists", allocator);
      set_text(toleration, "effect", "NoExecute", allocator);
      set(toleration, "tolerationSeconds", Value(300), allocator);
      tolerations.PushBack(std::move(toleration), allocator);
    }
  }
}

void ApiServer::State::prepare_new(const Call& call, Content& draft) {
  const Resource& resource = call.resource();
  Allocator& allocator = draft.value.GetAllocator();
  Value& object = draft.value;
  Value& meta = object["metadata"];
  for (const char* name : {"deletionTimestamp", "deletionGracePeriodSeconds", "generation",
                           "resourceVersion", "selfLink"}) {
    sim::remove(meta, name);
  }
  if (resource.namespaced) set_text(meta, "namespace", call.target.namespace_name, allocator);
  set_text(meta, "uid", new_uid(), allocator);
  set_text(meta, "creationTimestamp", call.now, allocator);
  if (resource.counts_generations) set(meta, "generation", Value(1), allocator);
  if (resource.custom) return sim::remove(object, "status");
  if (!resource.has_status) return;
  const SchemaField* status = resource.schema->field("status");
  set(object, "status", empty_object(*status->schema, allocator), allocator);
  if (resource.plural == "persistentvolumeclaims" || resource.plural == "pods") {
    set_text(object["status"], "phase", "Pending", allocator);
  }
  if (resource.plural == "pods") {
    set_text(object["status"], "qosClass", quality_of_service(object["spec"]), allocator);
  }
  if (resource.plural == "namespaces") {
    set_text(object["status"], "phase", "Active", allocator);
    Value finalizers(rapidjson::kArrayType);
    finalizers.PushBack(make_text("kubernetes", allocator), allocator);
    set(need_object(object, "spec", allocator), "finalizers", std::move(finalizers), allocator);
  }
}

Admission ApiServer::State::admission_of(const Call& call, const Stored* before,
                                         const Content* draft) const {
  Admission admission;
  admission.user = call.user;
  admission.method = call.request.method;
  admission.subresource = call.target.subresource;
  if (before != nullptr) admission.before = before->object;
  if (draft != nullptr) {
    auto object = std::make_shared<Object>();
    const Value& meta = draft->value["metadata"];
    object->plural = call.resource().plural;
    object->key = {std::string(text_at(meta, {"namespace"})), std::string(text_at(meta, {"name"}))};
    object->uid = text_at(meta, {"uid"});
    object->text = text_of(call.resource(), *draft);
    admission.after = std::move(object);
  }
  return admission;
}

Refusal ApiServer::State::ask_admit(const Call& call, const Stored* before, const Content* draft) {
  if (!server->admit) return std::nullopt;
  return server->admit(admission_of(call, before, draft));
}

// Applies `mutate` and sets the default values again. The managers of the fields do not change.
Refusal ApiServer::State::ask_mutate(const Call& call, const Stored* before, Content& draft) {
  if (!server->mutate || call.is_status()) return std::nullopt;
  const auto text = server->mutate(admission_of(call, before, &draft));
  if (!text) return std::nullopt;
  draft.value.Parse(text->data(), text->size());
  if (draft.value.HasParseError()) return bad_request("the mutated object is no JSON");
  sim::remove(draft.value["metadata"], "managedFields");
  return decode(call.resource(), draft.value, draft.value.GetAllocator());
}

kube::Response ApiServer::State::finish_create(const Call& call, Content& draft) {
  const Resource& resource = call.resource();
  const std::string name(text_at(draft.value, {"metadata", "name"}));
  if (Refusal refusal = check_namespace(call, name)) return *std::move(refusal);
  if (Refusal refusal = ask_mutate(call, nullptr, draft)) return *std::move(refusal);
  admit_new(resource, draft);
  prepare_new(call, draft);
  const bool is_service = resource.plural == "services";
  if (is_service) {
    const Causes causes = addresses.allocate(draft.value, nullptr, draft.value.GetAllocator());
    if (!causes.empty()) return invalid(resource, name, causes);
  }
  if (Refusal refusal = check_new(call, draft)) {
    if (is_service) addresses.release(draft.value, nullptr);
    return *std::move(refusal);
  }
  draft.unsettled = resource.plural == "persistentvolumeclaims";
  return answer(201, store(call, nullptr, draft));
}

Refusal ApiServer::State::check_new(const Call& call, const Content& draft) {
  const Resource& resource = call.resource();
  const std::string name(text_at(draft.value, {"metadata", "name"}));
  Causes causes = validate_metadata(resource, draft.value, nullptr);
  Causes more = resource.custom ? validate_custom(*resource.schema, draft.value)
                                : validate_own_type(resource, draft.value, nullptr);
  causes.insert(causes.end(), more.begin(), more.end());
  if (!causes.empty()) return invalid(resource, name, causes);
  if (Refusal refusal = ask_admit(call, nullptr, &draft)) return refusal;
  const Stored* existing = find_stored(resource.plural, {call.target.namespace_name, name});
  if (existing == nullptr) return std::nullopt;
  return already_exists(
      resource, name,
      sim::find(existing->content->value, {"metadata", "deletionTimestamp"}) != nullptr);
}

kube::Response ApiServer::State::create(const Call& call) {
  Content draft;
  if (Refusal refusal = read_object(call, draft.value)) return *std::move(refusal);
  if (Refusal refusal = check_name(call, draft.value)) return *std::move(refusal);
  return create(call, draft);
}

kube::Response ApiServer::State::create(const Call& call, Content& draft) {
  Allocator& allocator = draft.value.GetAllocator();
  Value& meta = draft.value["metadata"];
  const std::string prefix(text_at(meta, {"generateName"}));
  if (text_at(meta, {"name"}).empty() && !prefix.empty()) {
    static constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
    std::string name = prefix;
    for (std::size_t i = 0; i < kSuffixLength; ++i) name += kLetters[random() % kLetters.size()];
    set_text(meta, "name", name, allocator);
    set_defaults(call.resource(), draft.value, allocator);
  }
  const Value nothing = nothing_of(call.resource(), allocator);
  draft.managers = updated(update_of(call, "Update"), true, nothing, draft.value, {});
  return finish_create(call, draft);
}

kube::Response ApiServer::State::replace(const Call& call) {
  Content draft;
  if (Refusal refusal = read_object(call, draft.value)) return *std::move(refusal);
  if (Refusal refusal = check_name(call, draft.value)) return *std::move(refusal);
  const Stored* before = find_stored(call.resource().plural, call.key());
  const std::string_view uid = text_at(draft.value, {"metadata", "uid"});
  if (before == nullptr && !uid.empty() && call.resource().creates_by_replacing) {
    return storage_precondition_failed(call, "UID", uid, "");
  }
  if (before == nullptr) {
    if (call.resource().creates_by_replacing) return create(call, draft);
    return not_found(call.resource(), call.target.name);
  }
  if (!uid.empty() && uid != before->object->uid) {
    return storage_precondition_failed(call, "UID", uid, before->object->uid);
  }
  if (text_at(draft.value, {"metadata", "resourceVersion"}).empty()) {
    if (!call.resource().updates_unversioned) {
      Resource named = call.resource();
      named.kind = named.plural;
      return invalid(
          named, call.target.name,
          {invalid_value("metadata.resourceVersion", "0", "must be specified for an update")});
    }
  }
  set_default(draft.value["metadata"], "resourceVersion", std::to_string(before->object->revision),
              draft.value.GetAllocator());
  draft.managers = updated(update_of(call, "Update"), false, before->content->value, draft.value,
                           before->content->managers);
  return finish_update(call, *before, draft);
}

kube::Response ApiServer::State::patch(const Call& call, PatchKind kind) {
  if (!call.target.parameter("force").empty()) {
    Resource options;
    options.kind = "PatchOptions";
    options.group = "meta.k8s.io";
    return invalid(options, "", {forbidden("force", "may not be specified for non-apply patch")});
  }
  const Stored* before = find_stored(call.resource().plural, call.key());
  if (before == nullptr) return not_found(call.resource(), call.target.name);
  Content draft(*before->content);
  Allocator& allocator = draft.value.GetAllocator();
  if (Refusal refusal = patched(call.request.body, kind, draft.value, allocator)) {
    return *std::move(refusal);
  }
  set_type(call.resource(), draft.value, allocator);
  const std::string patched = write(draft.value);
  if (decode(call.resource(), draft.value, allocator)) {
    return invalid(Resource{}, "", {invalid_value("patch", quoted(patched), "cannot be decoded")});
  }
  draft.managers = updated(update_of(call, "Update"), false, before->content->value, draft.value,
                           before->content->managers);
  return finish_update(call, *before, draft);
}

kube::Response ApiServer::State::apply(const Call& call) {
  const Resource& resource = call.resource();
  if (call.target.parameter("fieldManager").empty()) {
    Resource options;
    options.kind = "PatchOptions";
    options.group = "meta.k8s.io";
    return invalid(options, "", {required_value("fieldManager", "is required for apply patch")});
  }
  Document patch;
  patch.Parse(call.request.body.data(), call.request.body.size());
  if (patch.HasParseError()) {
    const base::Result<std::string> json = json::from_yaml(call.request.body);
    if (json) patch.Parse(json->c_str());
  }
  if (patch.HasParseError() || !patch.IsObject()) return bad_request("error decoding YAML");
  if (Refusal refusal = check_type(resource, patch)) return *std::move(refusal);
  const Stored* before = find_stored(resource.plural, call.key());
  if (before == nullptr && call.is_status()) return not_found(resource, call.target.name);
  if (auto why = misfit(*resource.schema, patch)) {
    return failure(500, "",
                   fmt::format("failed to create typed patch object ({}/{}; {}, Kind={}): {}",
                               text_at(patch, {"metadata", "namespace"}), call.target.name,
                               resource.api_version(), resource.kind, *why));
  }
  Content draft;
  Allocator& allocator = draft.value.GetAllocator();
  Value live(rapidjson::kObjectType);
  if (before != nullptr) {
    live = make_copy(before->content->value, allocator);
  } else if (!resource.custom) {
    live = empty_object(*resource.schema, allocator);
  }
  set_type(resource, live, allocator);
  Application application = applied(
      update_of(call, "Apply"), live, patch, call.target.parameter("force") == "true",
      before == nullptr ? Managers{} : managers_before(call, *before, allocator), allocator);
  if (!application.conflicts.empty()) {
    std::string message;
    const Causes causes = conflict_causes(application.conflicts, message);
    return apply_conflict(causes, message);
  }
  static_cast<Value&>(draft.value) = std::move(application.object);
  draft.managers = std::move(application.managers);
  set_type(resource, draft.value, allocator);
  if (Refusal refusal = decode(resource, draft.value, allocator, Nulls::kKept)) {
    return *std::move(refusal);
  }
  if (Refusal refusal = check_name(call, draft.value)) return *std::move(refusal);
  if (before != nullptr) return finish_update(call, *before, draft);
  const std::string uid(text_at(draft.value, {"metadata", "uid"}));
  if (!uid.empty()) {
    return conflict(resource, call.target.name,
                    fmt::format("uid mismatch: the provided object specified uid {}, and no "
                                "existing object was found",
                                uid));
  }
  return finish_create(call, draft);
}

kube::Response ApiServer::State::finish_update(const Call& call, const Stored& before,
                                               Content& draft) {
  const Resource& resource = call.resource();
  const Value& old = before.content->value;
  Allocator& allocator = draft.value.GetAllocator();
  Value& object = draft.value;
  const std::string& name = before.object->key.name;
  if (text_at(object, {"metadata", "resourceVersion"}) !=
      text_at(old, {"metadata", "resourceVersion"})) {
    return modified(resource, name);
  }
  if (Refusal refused = ask_mutate(call, &before, draft)) return *std::move(refused);
  keep_other_part(call, object, old, allocator);
  keep_system_fields(object["metadata"], old["metadata"], allocator);
  const bool is_service = resource.plural == "services" && !call.is_status();
  if (is_service) {
    ServiceAddresses::carry_over(object, old, allocator);
    if (const auto port = ServiceAddresses::twice(object)) {
      return failure(500, "", "duplicate nodePort: " + *port);
    }
    const Causes causes = addresses.allocate(object, &old, allocator);
    if (!causes.empty()) return invalid(resource, name, causes);
  }
  if (!call.is_status()) count_generation(resource, object, old, allocator);
  Refusal refusal = check_update(call, before, draft);
  const Value* grace = sim::find(object, {"metadata", "deletionGracePeriodSeconds"});
  const bool waits = grace != nullptr && grace->GetInt64() > 0;  // the node must stop the pod first
  const bool goes = sim::find(object["metadata"], "deletionTimestamp") != nullptr && !waits &&
                    !is_held(resource, object);
  if (is_service && (refusal || goes)) addresses.release(object, &old);
  if (refusal) return *std::move(refusal);
  if (goes) return finish_deletion(call, before, draft);
  if (is_service) addresses.release(old, &object);
  const bool changed = !same_object(object, old) ||
                       !same_but_for_times(draft.managers, before.content->managers) ||
                       before.content->unsettled;
  if (!changed) return answer(200, before.object);
  if (same_object(object, old) && same_but_for_times(draft.managers, before.content->managers)) {
    draft.managers = before.content->managers;
  }
  const Stored old_state = before;
  draft.unsettled = false;
  return answer(200, store(call, &old_state, draft));
}

Refusal ApiServer::State::check_update(const Call& call, const Stored& before,
                                       const Content& draft) {
  const Resource& resource = call.resource();
  const Value& old = before.content->value;
  Causes causes = validate_metadata(resource, draft.value, &old);
  Causes more = resource.custom    ? validate_custom(*resource.schema, draft.value)
                : call.is_status() ? validate_status(resource, draft.value, old)
                                   : validate_own_type(resource, draft.value, &old);
  causes.insert(causes.end(), more.begin(), more.end());
  if (!causes.empty()) return invalid(resource, before.object->key.name, causes);
  if (Refusal refusal = check_expansion(call, draft.value, old)) return refusal;
  return ask_admit(call, &before, &draft);
}

// Handles the scheduler's write: it sets the node in the pod's spec and the condition PodScheduled.
kube::Response ApiServer::State::bind(const Call& call) {
  const Stored* before = find_stored(call.resource().plural, call.key());
  if (before == nullptr) return not_found(call.resource(), call.target.name);
  Document binding;
  binding.Parse(call.request.body.data(), call.request.body.size());
  if (binding.HasParseError()) return bad_request("the binding cannot be read");
  const Value& old = before->content->value;
  if (!text_at(old, {"spec", "nodeName"}).empty() ||
      sim::find(old, {"metadata", "deletionTimestamp"}) != nullptr) {
    return conflict(call.resource(), call.target.name, "the pod is bound or being deleted");
  }
  const Stored old_state = *before;
  Content draft(*before->content);
  Allocator& allocator = draft.value.GetAllocator();
  set_text(draft.value["spec"], "nodeName", text_at(binding, {"target", "name"}), allocator);
  Value condition(rapidjson::kObjectType);
  set_text(condition, "type", "PodScheduled", allocator);
  set_text(condition, "status", "True", allocator);
  set_text(condition, "lastTransitionTime", call.now, allocator);
  Value& conditions = need_array(draft.value["status"], "conditions", allocator);
  conditions.Clear();
  conditions.PushBack(condition, allocator);
  return answer(201, store(call, &old_state, draft));
}

// Deletes the object, because its last finalizer is gone. The answer still contains it.
kube::Response ApiServer::State::finish_deletion(const Call& call, const Stored& before,
                                                 Content& draft) {
  draft.managers_text = write(draft.managers);
  kube::Response response;
  response.status = 200;
  response.body = text_of(call.resource(), draft);
  const Stored old_state = before;
  erase(call, old_state);
  return response;
}

}  // namespace sim
