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

// Sorts the members of objects by name, at every level.
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

}  // namespace

// Returns nullopt if the text between two @ is no mark.
std::optional<std::string> Memory::value_of(const std::string& mark) const {
  const std::size_t colon = mark.find(':');
  const std::string word = mark.substr(0, colon);
  const std::string argument = colon == std::string::npos ? "" : mark.substr(colon + 1);
  const auto found = seen_.find(argument);
  const Seen seen = found == seen_.end() ? Seen{kUnknownUid, "1", "1", "30000"} : found->second;
  if (word == "ns") return namespace_name_;
  if (word == "start") return start_;
  if (word == "uid") return seen.uid;
  if (word == "rv") return seen.version;
  if (word == "old") return seen.older;
  if (word == "nodeport") return seen.node_port;
  if (word == "address") return fmt::format("10.96.0.{}", 100 + first_port_ % 100);
  if (word == "port") return std::to_string(first_port_ + std::stoi(argument));
  if (word != "continue") return std::nullopt;
  const auto page = pages_.find(argument);
  return page == pages_.end() ? "" : page->second;
}

std::string Memory::fill(const std::string& text) const {
  std::string result;
  std::size_t at = 0;
  while (true) {
    const std::size_t begin = text.find('@', at);
    const std::size_t end = begin == std::string::npos ? begin : text.find('@', begin + 1);
    if (end == std::string::npos) return result + text.substr(at);
    const std::optional<std::string> value = value_of(text.substr(begin + 1, end - begin - 1));
    result += text.substr(at, begin - at) + value.value_or("@");
    at = value ? end + 1 : begin + 1;
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
  if (document.HasParseError() || !document.IsObject()) return;
  see_object(document);
  const std::string kind(sim::text_at(document, {"kind"}));
  if (kind.ends_with("List")) pages_[kind] = sim::text_at(document, {"metadata", "continue"});
}

std::string Memory::name_of(const std::string& kind, const std::string& value) {
  const auto found = names_.find(kind + value);
  if (found != names_.end()) return found->second;
  return names_[kind + value] = fmt::format("{}-{}", kind, ++counts_[kind]);
}

std::string Memory::name_in_text(const std::string& kind, const std::string& value,
                                 Unknown unknown) {
  if (unknown == Unknown::kPlaceholder && !names_.contains(kind + value)) return kind;
  return name_of(kind, value);
}

// Replaces values inside a text by names. In a message, a value without a name gets a placeholder
// and no name, because the other server may word the message otherwise.
std::string Memory::renamed(const std::string& text, Unknown unknown) {
  static const std::regex record(
      R"((in record|in the precondition|ResourceVersion in [a-z ]+:|current:|)"
      R"(resource version:) \(?[0-9]+(?![-0-9a-f])\)?)");
  static const std::regex value(R"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b3[0-2][0-9]{3}\b)");
  std::string rest = std::regex_replace(text, record, "$1 N");
  std::string result;
  std::smatch match;
  while (std::regex_search(rest, match, value)) {
    const std::string found = match.str();
    result += match.prefix().str();
    if (found.size() > 5) {
      result += is_uid(found) ? name_in_text("uid", found, unknown) : found;
    } else {
      const bool drawn = std::stoi(found) >= kFirstDrawnPort && found != "32767";
      result += drawn ? name_in_text("port", found, unknown) : found;
    }
    rest = match.suffix().str();
  }
  return result + rest;
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
    const bool says_something =
        key == "message" || key == "field" || text.find(namespace_name_) != std::string::npos;
    value = sim::make_text(says_something ? renamed(text, Unknown::kPlaceholder) : text, allocator);
  }
}

void Memory::name_values(Value& value, std::string_view key, bool in_list, Allocator& allocator) {
  if (value.IsString()) return name_text(value, key, in_list, allocator);
  if (value.IsInt() && (key == "nodePort" || key == "healthCheckNodePort") &&
      value.GetInt() >= kFirstDrawnPort) {
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
    if (name.starts_with("k:")) {
      one->name = sim::make_text(renamed(name, Unknown::kNamed), allocator);
    }
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

}  // namespace against_real
