#include "sim/api_server.h"

#include <fmt/core.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <utility>

#include "sim/state.h"

namespace sim {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr std::uint64_t kAddressSeed = 0x9e3779b97f4a7c15U;  // makes ports and uids independent

void key(Writer& writer, std::string_view name) {
  writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}

void write_metadata(Writer& writer, const Content& content, std::string_view resource_version) {
  const Value& meta = content.value["metadata"];
  writer.StartObject();
  for (auto member = meta.MemberBegin(); member != meta.MemberEnd(); ++member) {
    const std::string_view name = as_text(member->name);
    if (name == "managedFields") continue;
    key(writer, name);
    if (name == "resourceVersion" && !resource_version.empty()) {
      writer.String(resource_version.data(),
                    static_cast<rapidjson::SizeType>(resource_version.size()));
    } else {
      member->value.Accept(writer);
    }
  }
  // The managedFields of a draft are written when it is stored. An empty list is left out.
  if (!content.managers_text.empty() && content.managers_text != "[]") {
    key(writer, "managedFields");
    const std::string& text = content.managers_text;
    writer.RawValue(text.data(), text.size(), rapidjson::kArrayType);
  }
  writer.EndObject();
}

// Returns the JSON text of a list item. Items of Kubernetes' own types have no kind and apiVersion;
// the text then begins after these, without the opening brace.
std::string_view item_text(const Resource& resource, const std::string& text) {
  if (resource.custom) return text;
  return std::string_view(text).substr(fmt::formatted_size(R"({{"kind":"{}","apiVersion":"{}",)",
                                                           resource.kind, resource.api_version()));
}

struct Page {
  std::optional<api::ObjectKey> after;  // the last item of the previous page
  Revision revision = 0;
};

Page parse_continue(std::string_view token) {
  const std::size_t colon = token.find(':');
  Page page;
  page.revision = std::strtoull(std::string(token.substr(0, colon)).c_str(), nullptr, 10);
  if (colon == std::string_view::npos) return page;
  const std::string_view place = token.substr(colon + 1);
  const std::size_t slash = place.find('/');
  page.after =
      api::ObjectKey{std::string(place.substr(0, slash)), std::string(place.substr(slash + 1))};
  return page;
}

}  // namespace

Content::Content(const Content& other)
    : managers(other.managers), managers_text(other.managers_text), unsettled(other.unsettled) {
  value.CopyFrom(other.value, value.GetAllocator());
}

Manager Call::writer(std::string_view operation) const {
  Manager manager;
  manager.name = target.parameter("fieldManager");
  if (manager.name.empty()) manager.name = user.substr(0, user.find('/'));
  manager.operation = operation;
  manager.api_version = resource().api_version();
  manager.subresource = target.subresource;
  manager.time = now;
  return manager;
}

std::string text_of(const Resource& resource, const Content& content,
                    std::string_view resource_version) {
  rapidjson::StringBuffer buffer(nullptr, 4096);
  Writer writer(buffer);
  writer.StartObject();
  key(writer, "kind");
  writer.String(resource.kind.c_str());
  key(writer, "apiVersion");
  writer.String(resource.api_version().c_str());
  for (auto member = content.value.MemberBegin(); member != content.value.MemberEnd(); ++member) {
    const std::string_view name = as_text(member->name);
    if (name == "kind" || name == "apiVersion") continue;
    key(writer, name);
    if (name == "metadata") {
      write_metadata(writer, content, resource_version);
    } else {
      member->value.Accept(writer);
    }
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

ApiServer::State::State(WallClock wall_clock, std::uint64_t seed)
    : wall(std::move(wall_clock)), random(seed), addresses(seed ^ kAddressSeed) {}

Collection* ApiServer::State::collection_of(std::string_view plural) {
  const auto found = collections.find(plural);
  if (found != collections.end()) return &found->second;
  const Resource* resource = find_resource(plural);
  if (resource == nullptr) return nullptr;
  Collection& made = collections[std::string(plural)];
  made.resource = resource;
  return &made;
}

const Stored* ApiServer::State::find_stored(std::string_view plural, const api::ObjectKey& key) {
  const Collection* collection = collection_of(plural);
  if (collection == nullptr) return nullptr;
  const auto found = collection->objects.find(key);
  return found == collection->objects.end() ? nullptr : &found->second;
}

kube::Response ApiServer::State::handle(const kube::Request& request, std::string_view user) {
  std::optional<Target> target = parse_target(request.target);
  if (!target) {
    return is_known_group(request.target) ? unknown_resource() : unknown_type();
  }
  Collection& collection = *collection_of(target->resource->plural);
  const Call call{request, std::string(user), *std::move(target), collection, now()};
  const bool one = !call.target.name.empty();
  switch (request.method) {
    case kube::Method::kGet: return one ? get(call) : list(call);
    case kube::Method::kPost:
      if (call.target.subresource == "binding") return bind(call);
      return one ? method_not_allowed() : create(call);
    case kube::Method::kPut: return one ? replace(call) : method_not_allowed();
    case kube::Method::kDelete: return one ? remove(call) : method_not_allowed();
    case kube::Method::kPatch: break;
  }
  if (!one) return method_not_allowed();
  if (request.content_type == "application/apply-patch+yaml") return apply(call);
  if (request.content_type == "application/merge-patch+json") return patch(call, PatchKind::kMerge);
  if (request.content_type == "application/json-patch+json") return patch(call, PatchKind::kJson);
  if (!call.resource().custom) return unsupported_patch_type();
  return unsupported_media_type(
      "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
}

kube::Response ApiServer::State::get(const Call& call) {
  const Stored* stored = find_stored(call.resource().plural, call.key());
  if (stored == nullptr) return not_found(call.resource(), call.target.name);
  kube::Response response;
  response.status = 200;
  response.body = stored->object->text;
  return response;
}

kube::Response ApiServer::State::list(const Call& call) {
  const std::optional<Selector> labels = Selector::labels(call.target.parameter("labelSelector"));
  const std::optional<Selector> fields = Selector::fields(call.target.parameter("fieldSelector"));
  if (!labels || !fields) return bad_request("unable to parse requirement");
  const std::string asked(call.target.parameter("resourceVersion"));
  if (std::strtoull(asked.c_str(), nullptr, 10) > revision) {
    return too_large_version(std::strtoull(asked.c_str(), nullptr, 10), revision);
  }
  const std::size_t limit =
      std::strtoul(std::string(call.target.parameter("limit")).c_str(), nullptr, 10);
  Page page = parse_continue(call.target.parameter("continue"));
  if (page.revision == 0) page.revision = revision;
  if (page.revision <= compacted && page.after) {
    return expired(
        "The provided continue parameter is too old to display a consistent list result. "
        "You can start a new list without the continue parameter, or use the continue "
        "token in this response to retrieve the remainder of the results. Continuing "
        "with the provided token results in an inconsistent list - objects that were "
        "created, modified, or deleted between the time the first chunk was returned and "
        "now may show up in the list.");
  }
  const Resource& resource = call.resource();
  std::string items;
  std::string last;
  std::size_t count = 0;
  std::size_t left = 0;
  for (const auto& [key, stored] : state_at(call.collection, page.revision)) {
    if (page.after && key <= *page.after) continue;
    if (!call.target.namespace_name.empty() && key.namespace_name != call.target.namespace_name) {
      continue;
    }
    if (!labels->matches(stored.content->value) || !fields->matches(stored.content->value))
      continue;
    if (limit != 0 && count == limit) {
      ++left;
      continue;
    }
    if (count++ > 0) items += ',';
    items += resource.custom ? "" : "{";
    items += resource.custom ? stored.object->text : item_text(resource, stored.object->text);
    last = key.namespace_name + "/" + key.name;
  }
  kube::Response response;
  response.status = 200;
  response.body = fmt::format(R"({{"kind":"{}List","apiVersion":"{}","metadata":{{)", resource.kind,
                              resource.api_version());
  const std::string token = left > 0 ? fmt::format("{}:{}", page.revision, last) : std::string();
  if (resource.custom || left > 0) response.body += "\"continue\":" + quoted(token) + ",";
  const bool counted = left > 0 && labels->empty() && fields->empty();
  if (counted) response.body += fmt::format("\"remainingItemCount\":{},", left);
  response.body += fmt::format(R"("resourceVersion":"{}"}},"items":[{}]}})", page.revision, items);
  return response;
}

std::string ApiServer::State::now() const { return base::format_seconds(wall()); }

std::string ApiServer::State::new_uid() {
  const std::uint64_t a = random();
  const std::uint64_t b = random();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffffU,
                     a & 0xfffU, 0x8000U | ((b >> 48) & 0x3fffU), b & 0xffffffffffffU);
}

ObjectPtr ApiServer::State::store(const Call& call, const Stored* before, Content& draft) {
  const Resource& resource = call.resource();
  auto object = std::make_shared<Object>();
  object->plural = resource.plural;
  object->revision = ++revision;
  Value& meta = draft.value["metadata"];
  set_text(meta, "resourceVersion", std::to_string(revision), draft.value.GetAllocator());
  object->key = {std::string(text_at(meta, {"namespace"})), std::string(text_at(meta, {"name"}))};
  object->uid = text_at(meta, {"uid"});
  draft.managers_text = write(draft.managers);
  auto content = std::make_shared<Content>();
  content->value.Swap(draft.value);
  content->managers = std::move(draft.managers);
  content->managers_text = std::move(draft.managers_text);
  content->unsettled = draft.unsettled;
  object->text = text_of(resource, *content);

  StoredEvent event;
  event.revision = revision;
  if (before != nullptr) event.before = *before;
  event.after = {object, std::move(content)};
  if (before != nullptr) index_owners(*before->object, *before->content, false);
  index_owners(*object, *event.after.content, true);
  call.collection.objects[object->key] = event.after;
  call.collection.events.push_back(event);
  tell(call, event);
  return object;
}

void ApiServer::State::erase(const Call& call, const Stored& before) {
  StoredEvent event;
  event.revision = ++revision;
  event.before = before;
  if (call.resource().plural == "services") addresses.release(before.content->value, nullptr);
  index_owners(*before.object, *before.content, false);
  call.collection.events.push_back(event);
  call.collection.objects.erase(event.before.object->key);
  tell(call, event);
}

void ApiServer::State::index_owners(const Object& object, const Content& content, bool present) {
  const Value* owners = sim::find(content.value, {"metadata", "ownerReferences"});
  if (owners == nullptr || !owners->IsArray()) return;
  for (const Value& owner : owners->GetArray()) {
    const std::string uid(text_at(owner, {"uid"}));
    auto& set = owned[uid];
    const std::pair<std::string, api::ObjectKey> one(object.plural, object.key);
    if (present) {
      set.insert(one);
    } else {
      set.erase(one);
      if (set.empty()) owned.erase(uid);
    }
  }
}

void ApiServer::State::tell(const Call& call, const StoredEvent& event) {
  if (!server->on_change) return;
  server->on_change(Change{event.revision, call.user, call.request.method, event.before.object,
                           event.after.object});
}

ApiServer::ApiServer(WallClock wall, std::uint64_t seed)
    : state_(std::make_unique<State>(std::move(wall), seed)) {
  state_->server = this;
}

ApiServer::~ApiServer() = default;

kube::Response ApiServer::handle(const kube::Request& request, std::string_view user) {
  return state_->handle(request, user);
}

base::Time ApiServer::wall() const { return state_->wall(); }

Revision ApiServer::revision() const { return state_->revision; }

void ApiServer::compact(Revision up_to) {
  state_->compacted = std::max(state_->compacted, std::min(up_to, state_->revision));
  for (auto& [plural, collection] : state_->collections) {
    while (!collection.events.empty() && collection.events.front().revision <= up_to) {
      collection.events.pop_front();
      ++collection.dropped;
    }
  }
}

ObjectPtr ApiServer::find(std::string_view plural, const api::ObjectKey& key) const {
  const Stored* stored = state_->find_stored(plural, key);
  return stored == nullptr ? nullptr : stored->object;
}

std::vector<ObjectPtr> ApiServer::all(std::string_view plural) const {
  std::vector<ObjectPtr> objects;
  const Collection* collection = state_->collection_of(plural);
  if (collection == nullptr) return objects;
  for (const auto& [key, stored] : collection->objects) objects.push_back(stored.object);
  return objects;
}

std::vector<ObjectPtr> ApiServer::owned_by(std::string_view uid) const {
  std::vector<ObjectPtr> objects;
  const auto found = state_->owned.find(uid);
  if (found == state_->owned.end()) return objects;
  for (const auto& [plural, key] : found->second) objects.push_back(find(plural, key));
  return objects;
}

}  // namespace sim
