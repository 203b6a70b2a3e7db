#include "sim/against_real/compared.h"

#include <fmt/core.h>

#include <algorithm>
#include <regex>
#include <utility>
#include <vector>

namespace against_real {
namespace {

using sim::Allocator;
using sim::as_text;
using sim::Document;
using sim::Value;

constexpr int kFirstDrawnPort = 30086;
constexpr auto kUnknownUid = "00000000-0000-4000-8000-00000000dead";

bool is_time(std::string_view text) {
  return text.size() >= 20 && text[4] == '-' && text[7] == '-' && text[10] == 'T' &&
         text.back() == 'Z';
}

bool is_uid(std::string_view text) {
  return text.size() == 36 && text[8] == '-' && text[13] == '-' && text[23] == '-' &&
         !text.starts_with("00000000-0000-4000-8000-");
}

std::string sort_key(const Value& manager) {
  std::string key;
  for (const char* name : {"operation", "manager", "apiVersion", "subresource"}) {
    key += std::string(sim::text_at(manager, {name})) + "/";
  }
  return key + sim::write(manager);
}

template <class Key>
void sort_array(Value& array, Key key, Allocator& allocator) {
  std::vector<std::pair<std::string, std::size_t>> order;
  for (rapidjson::SizeType i = 0; i < array.Size(); ++i) order.emplace_back(key(array[i]), i);
  std::sort(order.begin(), order.end());
  Value sorted(rapidjson::kArrayType);
  for (const auto& [text, index] : order) {
    sorted.PushBack(array[static_cast<rapidjson::SizeType>(index)], allocator);
  }
  array = std::move(sorted);
}

// Members by name, at every level.
void sort_members(Value& value, Allocator& allocator) {
  if (value.IsArray()) {
    for (Value& item : value.GetArray()) sort_members(item, allocator);
  }
  if (!value.IsObject()) return;
  std::map<std::string, Value*> members;
  for (auto one = value.MemberBegin(); one != value.MemberEnd(); ++one) {
    sort_members(one->value, allocator);
    members[std::string(as_text(one->name))] = &one->value;
  }
  Value sorted(rapidjson::kObjectType);
  for (auto& [name, member] : members) {
    sorted.AddMember(sim::make_text(name, allocator), *member, allocator);
  }
  value = std::move(sorted);
}

// Causes come in the order of a map; the message lists them. What a decoder says of a body that
// it cannot read is its own.
void settle_status(Value& status, Allocator& allocator) {
  Value* causes = sim::find(status, {"details", "causes"});
  if (causes != nullptr && causes->IsArray()) {
    for (Value& cause : causes->GetArray()) {
      // A difference of the Go structs follows: see differences.md.
      std::string message(sim::text_at(cause, {"message"}));
      if (sim::text_at(cause, {"field"}) == "patch") {  // it has the whole object in it
        sim::remove(cause, "message");
        sim::remove(status, "message");
      }
      if (message.find("spec is immutable after creation") == std::string::npos) continue;
      sim::set_text(cause, "message", message.substr(0, message.find("\n@@")), allocator);
      sim::remove(status, "message");
    }
    if (causes->Size() > 1) sim::remove(status, "message");
    sort_array(
        *causes, [](const Value& cause) { return sim::write(cause); }, allocator);
  }
  const Value* code = sim::find(status, "code");
  const int value = code == nullptr ? 0 : code->GetInt();
  if (value == 400 || value == 500) sim::remove(status, "message");
}

}  // namespace

std::string Memory::fill(const std::string& text) const {
  std::string result;
  std::size_t at = 0;
  while (true) {
    const std::size_t begin = text.find('@', at);
    const std::size_t end = begin == std::string::npos ? begin : text.find('@', begin + 1);
    if (end == std::string::npos) return result + text.substr(at);
    const std::string mark = text.substr(begin + 1, end - begin - 1);
    const std::size_t colon = mark.find(':');
    const std::string word = mark.substr(0, colon);
    const std::string argument = colon == std::string::npos ? "" : mark.substr(colon + 1);
    const auto found = seen_.find(argument);
    const Seen seen = found == seen_.end() ? Seen{kUnknownUid, "1", "1", "30000"} : found->second;
    std::string value;
    if (word == "ns")
      value = namespace_name_;
    else if (word == "start")
      value = start_;
    else if (word == "uid")
      value = seen.uid;
    else if (word == "rv")
      value = seen.version;
    else if (word == "old")
      value = seen.older;
    else if (word == "nodeport")
      value = seen.node_port;
    else if (word == "port")
      value = std::to_string(first_port_ + std::stoi(argument));
    else {  // an @ of the text itself
      result += text.substr(at, begin + 1 - at);
      at = begin + 1;
      continue;
    }
    result += text.substr(at, begin - at) + value;
    at = end + 1;
  }
}

kube::Request Memory::fill(const Step& step) const {
  kube::Request request;
  request.method = step.method;
  request.target = fill(step.target);
  request.content_type = step.content_type;
  request.body = fill(step.body);
  request.timeout = std::chrono::seconds(30);
  if (step.base.empty()) return request;
  const auto found = objects_.find(step.base);
  Document object;
  object.Parse(found == objects_.end() ? R"({"metadata":{"name":"registry"}})"
                                       : found->second.c_str());
  Document patch;
  patch.Parse(request.body.c_str());
  sim::merge_patch(object, patch, object.GetAllocator());
  if (Value* meta = sim::find(object, "metadata")) sim::remove(*meta, "managedFields");
  request.body = sim::write(object);
  return request;
}

void Memory::see_object(const Value& object) {
  const std::string uid(sim::text_at(object, {"metadata", "uid"}));
  if (uid.empty()) return;
  const std::string key = std::string(sim::text_at(object, {"kind"})) + "/" +
                          std::string(sim::text_at(object, {"metadata", "name"}));
  Seen& seen = seen_[key];
  const std::string version(sim::text_at(object, {"metadata", "resourceVersion"}));
  if (version != seen.version) seen.older = seen.version.empty() ? "1" : seen.version;
  seen.version = version;
  seen.uid = uid;
  const Value* ports = sim::find(object, {"spec", "ports"});
  if (ports != nullptr && ports->IsArray() && !ports->Empty()) {
    if (const Value* port = sim::find((*ports)[0], "nodePort")) seen.node_port = sim::write(*port);
  }
  objects_[key] = sim::write(object);
}

void Memory::see(const kube::Response& response) {
  Document document;
  document.Parse(response.body.c_str());
  if (!document.HasParseError() && document.IsObject()) see_object(document);
}

std::string Memory::name_of(const std::string& kind, const std::string& value) {
  const auto found = names_.find(kind + value);
  if (found != names_.end()) return found->second;
  return names_[kind + value] = fmt::format("{}-{}", kind, ++counts_[kind]);
}

// Names in the middle of a text: of a message, of a key.
std::string Memory::renamed(std::string text) {
  static const std::regex uid("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
  static const std::regex record(
      R"((in record|in the precondition|ResourceVersion in [a-z ]+:|current:|resource version:) \(?[0-9]+\)?)");
  static const std::regex port(R"(\b3[0-2][0-9]{3}\b)");
  std::smatch match;
  std::string result;
  while (std::regex_search(text, match, uid)) {
    result += match.prefix().str();
    result += is_uid(match.str()) ? name_of("uid", match.str()) : match.str();
    text = match.suffix().str();
  }
  result = std::regex_replace(result + text, record, "$1 N");
  text = std::move(result);
  result.clear();
  while (std::regex_search(text, match, port)) {
    result += match.prefix().str();
    const bool drawn = std::stoi(match.str()) >= kFirstDrawnPort && match.str() != "32767";
    result += drawn ? name_of("port", match.str()) : match.str();
    text = match.suffix().str();
  }
  return result + text;
}

void Memory::name_text(Value& value, std::string_view key, bool in_list, Allocator& allocator) {
  const std::string text(as_text(value));
  if (key == "resourceVersion") {
    value = sim::make_text(in_list ? "any" : name_of("version", text), allocator);
  } else if (is_uid(text)) {
    value = sim::make_text(name_of("uid", text), allocator);
  } else if (is_time(text) && !text.starts_with("2020")) {
    value = sim::make_text("time", allocator);
  } else if ((key == "clusterIP" || key == "clusterIPs") && text != "None") {
    value = sim::make_text(name_of("address", text), allocator);
  } else if (key == "continue" && !text.empty()) {
    value = sim::make_text("token", allocator);
  } else if (text.size() > 3) {
    const std::size_t space = text.find(namespace_name_);
    value = sim::make_text(
        key == "message" || key == "field" || space != std::string::npos ? renamed(text) : text,
        allocator);
  }
}

void Memory::name_values(Value& value, std::string_view key, bool in_list, Allocator& allocator) {
  if (value.IsString()) return name_text(value, key, in_list, allocator);
  if (value.IsInt() && key == "nodePort" && value.GetInt() >= kFirstDrawnPort) {
    value = sim::make_text(name_of("port", sim::write(value)), allocator);
  }
  if (value.IsArray()) {
    for (Value& item : value.GetArray()) {
      name_values(item, key == "items" ? "" : key, false, allocator);
    }
    if (key == "managedFields") sort_array(value, sort_key, allocator);
  }
  if (!value.IsObject()) return;
  for (auto one = value.MemberBegin(); one != value.MemberEnd(); ++one) {
    const std::string name(as_text(one->name));
    name_values(one->value, name,
                in_list && name == "metadata" ? true : in_list && key == "metadata", allocator);
    if (name.starts_with("k:")) one->name = sim::make_text(renamed(name), allocator);
  }
}

std::string Memory::canonical(const kube::Response& response) {
  Document document;
  document.Parse(response.body.c_str());
  if (document.HasParseError() || !document.IsObject()) {
    return fmt::format("{} {}", response.status, response.body);
  }
  const std::string_view kind = sim::text_at(document, {"kind"});
  const bool is_list = kind.ends_with("List");
  Allocator& allocator = document.GetAllocator();
  sort_members(document, allocator);
  if (kind == "Status") settle_status(document, allocator);
  if (is_list) {
    if (Value* meta = sim::find(document, "metadata")) {
      sim::set_text(*meta, "resourceVersion", "any", allocator);
    }
  }
  for (auto one = document.MemberBegin(); one != document.MemberEnd(); ++one) {
    if (is_list && one->name == "metadata") {
      if (sim::find(one->value, "continue") != nullptr) {
        sim::set_text(one->value, "continue",
                      sim::text_at(one->value, {"continue"}).empty() ? "" : "token", allocator);
      }
      continue;
    }
    name_values(one->value, as_text(one->name), false, allocator);
  }
  return fmt::format("{} {}", response.status, sim::write(document));
}

std::string Memory::canonical_event(std::string_view line) {
  Document document;
  document.Parse(line.data(), line.size());
  if (document.HasParseError() || !document.IsObject()) return std::string(line);
  Allocator& allocator = document.GetAllocator();
  sort_members(document, allocator);
  if (sim::text_at(document, {"type"}) == "BOOKMARK") {
    return fmt::format("BOOKMARK {}",
                       sim::find(document, {"object", "metadata", "annotations"}) != nullptr);
  }
  name_values(document, "", false, allocator);
  return sim::write(document);
}

std::string first_difference(const std::string& real, const std::string& fake) {
  std::size_t at = 0;
  while (at < real.size() && at < fake.size() && real[at] == fake[at]) ++at;
  const std::size_t begin = at > 150 ? at - 150 : 0;
  return fmt::format("   real …{}\n   fake …{}", real.substr(begin, 420), fake.substr(begin, 420));
}

}  // namespace against_real
