// This file implements deletions: their preconditions, and which objects finalizers keep.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "sim/state.h"

namespace sim {
namespace {

constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::string_view kOrphan = "orphan";
constexpr int kPodGraceSeconds = 30;

struct DeleteOptions {
  std::string uid;
  std::string resource_version;
  std::string propagation;
  std::optional<std::int64_t> grace;
};

Refusal read_options(const Call& call, DeleteOptions& options) {
  options.propagation = call.target.parameter("propagationPolicy");
  if (call.target.has("gracePeriodSeconds")) {
    options.grace = std::atoll(std::string(call.target.parameter("gracePeriodSeconds")).c_str());
  }
  if (call.request.body.empty()) return std::nullopt;
  Document body;
  body.Parse(call.request.body.data(), call.request.body.size());
  if (body.HasParseError() || !body.IsObject()) {
    return bad_request("couldn't get version/kind; json parse error");
  }
  options.uid = text_at(body, {"preconditions", "uid"});
  options.resource_version = text_at(body, {"preconditions", "resourceVersion"});
  options.propagation = text_at(body, {"propagationPolicy"});
  if (const Value* grace = find(body, "gracePeriodSeconds"); grace != nullptr && grace->IsInt64()) {
    options.grace = grace->GetInt64();
  }
  if (!options.propagation.empty() && options.propagation != "Background" &&
      options.propagation != "Foreground" && options.propagation != "Orphan") {
    Resource named;
    named.kind = "DeleteOptions";
    named.group = "meta.k8s.io";
    return invalid(named, "",
                   {unsupported_value("propagationPolicy", quoted(options.propagation),
                                      {"Background", "Foreground", "Orphan", "nil"})});
  }
  return std::nullopt;
}

// Sets the finalizers for the garbage collector as the propagation policy asks; an empty policy
// keeps them. Returns true if they changed.
bool set_propagation(Value& meta, const std::string& propagation, Allocator& allocator) {
  Value kept(rapidjson::kArrayType);
  bool has_foreground = false;
  bool has_orphan = false;
  if (Value* found = find(meta, "finalizers"); found != nullptr && found->IsArray()) {
    for (Value& one : found->GetArray()) {
      if (as_text(one) == kForeground) {
        has_foreground = true;
      } else if (as_text(one) == kOrphan) {
        has_orphan = true;
      } else {
        kept.PushBack(one, allocator);
      }
    }
  }
  const bool foreground =
      propagation.empty() ? has_foreground && !has_orphan : propagation == "Foreground";
  const bool orphan = propagation.empty() ? has_orphan : propagation == "Orphan";
  if (orphan) kept.PushBack(make_text(kOrphan, allocator), allocator);
  if (foreground) kept.PushBack(make_text(kForeground, allocator), allocator);
  const bool changed = foreground != has_foreground || orphan != has_orphan;
  if (kept.Empty()) {
    remove(meta, "finalizers");
  } else {
    set(meta, "finalizers", std::move(kept), allocator);
  }
  return changed;
}

Refusal check_preconditions(const Call& call, const DeleteOptions& options, const Object& object) {
  if (!options.uid.empty() && options.uid != object.uid) {
    return precondition_failed(
        call.resource(), call.target.name,
        fmt::format("the UID in the precondition ({}) does not match the UID in record ({}). The "
                    "object might have been deleted and then recreated",
                    options.uid, object.uid));
  }
  const std::string version = std::to_string(object.revision);
  if (!options.resource_version.empty() && options.resource_version != version) {
    return precondition_failed(
        call.resource(), call.target.name,
        fmt::format("the ResourceVersion in the precondition ({}) does not match the "
                    "ResourceVersion in record ({}). The object might have been modified",
                    options.resource_version, version));
  }
  return std::nullopt;
}

// Returns the seconds that a pod has to stop. Only a pod that is bound and has not finished has
// any.
std::int64_t grace_of(const Resource& resource, const Value& object, const DeleteOptions& options) {
  if (resource.plural != "pods") return 0;
  const std::string_view phase = text_at(object, {"status", "phase"});
  if (text_at(object, {"spec", "nodeName"}).empty() || phase == "Succeeded" || phase == "Failed") {
    return 0;
  }
  const Value* own = find(object, {"spec", "terminationGracePeriodSeconds"});
  return options.grace.value_or(own == nullptr ? kPodGraceSeconds : own->GetInt64());
}

void mark_deleted(const Resource& resource, Content& draft, base::Time now, std::int64_t grace) {
  Allocator& allocator = draft.value.GetAllocator();
  Value& meta = draft.value["metadata"];
  set_text(meta, "deletionTimestamp", base::format_seconds(now + std::chrono::seconds(grace)),
           allocator);
  if (Value* generation = find(meta, "generation")) {
    generation->SetInt64(generation->GetInt64() + 1);
  }
  if (resource.plural == "namespaces") {
    set_text(need_object(draft.value, "status", allocator), "phase", "Terminating", allocator);
  } else {
    set(meta, "deletionGracePeriodSeconds", Value(grace), allocator);
  }
}

}  // namespace

kube::Response ApiServer::State::remove(const Call& call) {
  const Resource& resource = call.resource();
  DeleteOptions options;
  if (Refusal refusal = read_options(call, options)) return *std::move(refusal);
  const Stored* found = find_stored(resource.plural, call.key());
  if (found == nullptr) return not_found(resource, call.target.name);
  const Stored before = *found;
  if (Refusal refusal = check_preconditions(call, options, *before.object)) {
    return *std::move(refusal);
  }
  if (Refusal refusal = ask_admit(call, &before, nullptr)) return *std::move(refusal);

  Content draft(*before.content);
  Allocator& allocator = draft.value.GetAllocator();
  Value& meta = draft.value["metadata"];
  const bool deleting = sim::find(meta, "deletionTimestamp") != nullptr;
  bool changed = set_propagation(meta, options.propagation, allocator);
  const std::int64_t grace = grace_of(resource, draft.value, options);
  const Value* left = sim::find(meta, "deletionGracePeriodSeconds");
  const bool waits = grace > 0 && !(deleting && left != nullptr && left->GetInt64() == 0);
  const bool held = !is_empty(sim::find(meta, "finalizers")) ||
                    (resource.plural == "namespaces" &&
                     !is_empty(sim::find(draft.value, {"spec", "finalizers"})));
  const bool is_removed = !held && !waits;
  if (!deleting && !is_removed) {
    mark_deleted(resource, draft, wall(), grace);
    changed = true;
  } else if (deleting && waits && options.grace && left != nullptr && grace < left->GetInt64()) {
    set(meta, "deletionGracePeriodSeconds", Value(grace), allocator);
    changed = true;
  }
  draft.unsettled = false;
  kube::Response response;
  response.status = 200;
  if (!is_removed) {
    response.body = changed ? store(call, &before, draft)->text : before.object->text;
    return response;
  }
  // A kube-apiserver has a quirk: if only finalizers of the garbage collector held the object, it
  // forgets the expected version and answers 409.
  if (changed && !options.resource_version.empty()) {
    return storage_precondition_failed(call, "ResourceVersion", "",
                                       std::to_string(before.object->revision));
  }
  erase(call, before);
  if (!resource.answers_deleted) return deleted(resource, call.target.name, before.object->uid);
  response.body = text_of(resource, *before.content, std::to_string(revision));
  return response;
}

}  // namespace sim
