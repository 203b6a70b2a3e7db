// Deletions: preconditions, finalizers and what they leave of an object.
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

// The finalizers that are for the garbage collector, as the propagation asks for them.
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

}  // namespace

kube::Response ApiServer::State::remove(const Call& call) {
  const Resource& resource = call.resource();
  DeleteOptions options;
  if (Refusal refusal = read_options(call, options)) return *std::move(refusal);
  const Stored* found = find_stored(resource.plural, call.key());
  if (found == nullptr) return not_found(resource, call.target.name);
  const Stored before = *found;
  const std::string version = std::to_string(before.object->revision);
  if (!options.uid.empty() && options.uid != before.object->uid) {
    return precondition_failed(
        resource, call.target.name,
        fmt::format("the UID in the precondition ({}) does not match the UID in record ({}). The "
                    "object might have been deleted and then recreated",
                    options.uid, before.object->uid));
  }
  if (!options.resource_version.empty() && options.resource_version != version) {
    return precondition_failed(
        resource, call.target.name,
        fmt::format("the ResourceVersion in the precondition ({}) does not match the "
                    "ResourceVersion in record ({}). The object might have been modified",
                    options.resource_version, version));
  }
  if (Refusal refusal = ask_admit(call, &before, nullptr)) return *std::move(refusal);

  Content draft(*before.content);
  Allocator& allocator = draft.value.GetAllocator();
  Value& meta = draft.value["metadata"];
  const bool deleting = sim::find(meta, "deletionTimestamp") != nullptr;
  bool changed = set_propagation(meta, options.propagation, allocator);
  const bool is_pod = resource.plural == "pods";
  std::int64_t grace = 0;
  if (is_pod) {
    const Value* own = sim::find(draft.value, {"spec", "terminationGracePeriodSeconds"});
    grace = options.grace.value_or(own == nullptr ? kPodGraceSeconds : own->GetInt64());
    // Nobody has to stop what runs nowhere.
    if (text_at(draft.value, {"spec", "nodeName"}).empty()) grace = 0;
    const std::string_view phase = text_at(draft.value, {"status", "phase"});
    if (phase == "Succeeded" || phase == "Failed") grace = 0;
  }
  const bool held = !is_empty(sim::find(meta, "finalizers"));
  const bool is_namespace =
      resource.plural == "namespaces" && !is_empty(sim::find(draft.value, {"spec", "finalizers"}));
  const Value* old_grace = sim::find(meta, "deletionGracePeriodSeconds");
  const bool waits = grace > 0 && !(deleting && old_grace != nullptr && old_grace->GetInt64() == 0);
  if (!held && !is_namespace && !waits) {
    kube::Response response;
    response.status = 200;
    erase(call, before);
    if (!resource.answers_deleted) return deleted(resource, call.target.name, before.object->uid);
    response.body = text_of(resource, *before.content, std::to_string(revision));
    return response;
  }
  if (!deleting) {
    set_text(meta, "deletionTimestamp", base::format_seconds(wall() + std::chrono::seconds(grace)),
             allocator);
    if (!is_namespace) set(meta, "deletionGracePeriodSeconds", Value(grace), allocator);
    if (Value* generation = sim::find(meta, "generation")) {
      generation->SetInt64(generation->GetInt64() + 1);
    }
    if (is_namespace)
      set_text(need_object(draft.value, "status", allocator), "phase", "Terminating", allocator);
    changed = true;
  } else if (is_pod && options.grace && old_grace != nullptr && grace < old_grace->GetInt64()) {
    set(meta, "deletionGracePeriodSeconds", Value(grace), allocator);
    changed = true;
  }
  kube::Response response;
  response.status = 200;
  response.body = changed ? store(call, &before, draft)->text : before.object->text;
  return response;
}

}  // namespace sim
