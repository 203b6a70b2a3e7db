#include "sim/json_value.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <map>
#include <utility>

namespace sim {

std::string_view as_text(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

const Value* find(const Value& object, std::string_view name) {
  if (!object.IsObject()) return nullptr;
  for (auto member = object.MemberBegin(); member != object.MemberEnd(); ++member) {
    if (as_text(member->name) == name) return &member->value;
  }
  return nullptr;
}

Value* find(Value& object, std::string_view name) {
  return const_cast<Value*>(find(std::as_const(object), name));
}

const Value* find(const Value& object, std::initializer_list<std::string_view> path) {
  const Value* here = &object;
  for (const std::string_view name : path) {
    here = find(*here, name);
    if (here == nullptr) return nullptr;
  }
  return here;
}

Value* find(Value& object, std::initializer_list<std::string_view> path) {
  return const_cast<Value*>(find(std::as_const(object), path));
}

std::string_view text_at(const Value& object, std::initializer_list<std::string_view> path) {
  const Value* found = find(object, path);
  return found != nullptr && found->IsString() ? as_text(*found) : std::string_view();
}

Value make_text(std::string_view text, Allocator& allocator) {
  return Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator);
}

Value make_copy(const Value& value, Allocator& allocator) { return Value(value, allocator); }

Value& set(Value& object, std::string_view name, Value value, Allocator& allocator) {
  if (Value* found = find(object, name)) return *found = std::move(value);
  object.AddMember(make_text(name, allocator), std::move(value), allocator);
  return (object.MemberEnd() - 1)->value;
}

Value& set_text(Value& object, std::string_view name, std::string_view text, Allocator& allocator) {
  return set(object, name, make_text(text, allocator), allocator);
}

Value& set_default(Value& object, std::string_view name, Value value, Allocator& allocator) {
  Value* found = find(object, name);
  if (found != nullptr && !found->IsNull()) return *found;
  return set(object, name, std::move(value), allocator);
}

Value& set_default(Value& object, std::string_view name, std::string_view text,
                   Allocator& allocator) {
  return set_default(object, name, make_text(text, allocator), allocator);
}

Value& need_object(Value& object, std::string_view name, Allocator& allocator) {
  Value* found = find(object, name);
  if (found != nullptr && found->IsObject()) return *found;
  return set(object, name, Value(rapidjson::kObjectType), allocator);
}

Value& need_array(Value& object, std::string_view name, Allocator& allocator) {
  Value* found = find(object, name);
  if (found != nullptr && found->IsArray()) return *found;
  return set(object, name, Value(rapidjson::kArrayType), allocator);
}

namespace {

void write_sorted(const Value& value, rapidjson::Writer<rapidjson::StringBuffer>& writer) {
  if (value.IsArray()) {
    writer.StartArray();
    for (const Value& item : value.GetArray()) write_sorted(item, writer);
    writer.EndArray();
    return;
  }
  if (!value.IsObject()) {
    value.Accept(writer);
    return;
  }
  std::map<std::string_view, const Value*> members;
  for (auto one = value.MemberBegin(); one != value.MemberEnd(); ++one) {
    members.emplace(as_text(one->name), &one->value);
  }
  writer.StartObject();
  for (const auto& [name, member] : members) {
    writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    write_sorted(*member, writer);
  }
  writer.EndObject();
}

}  // namespace

// Keeps the order of the other members.
void remove(Value& object, std::string_view name) {
  if (!object.IsObject()) return;
  for (auto member = object.MemberBegin(); member != object.MemberEnd(); ++member) {
    if (as_text(member->name) != name) continue;
    object.EraseMember(member);
    return;
  }
}

bool same(const Value* a, const Value* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return *a == *b;
}

bool is_empty(const Value* value) {
  if (value == nullptr || value->IsNull()) return true;
  return (value->IsObject() && value->ObjectEmpty()) || (value->IsArray() && value->Empty());
}

std::string write(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string write_sorted(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  write_sorted(value, writer);
  return {buffer.GetString(), buffer.GetSize()};
}

void merge_patch(Value& target, const Value& patch, Allocator& allocator) {
  if (!patch.IsObject()) {
    target = make_copy(patch, allocator);
    return;
  }
  if (!target.IsObject()) target.SetObject();
  for (auto member = patch.MemberBegin(); member != patch.MemberEnd(); ++member) {
    const std::string_view name = as_text(member->name);
    if (member->value.IsNull()) {
      remove(target, name);
      continue;
    }
    Value* found = find(target, name);
    if (found == nullptr) found = &set(target, name, Value(), allocator);
    merge_patch(*found, member->value, allocator);
  }
}

}  // namespace sim
