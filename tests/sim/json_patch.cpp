#include "sim/json_patch.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sim {
namespace {

// The place where an operation works: a member of an object or an item of an array.
struct Place {
  Value* parent = nullptr;
  std::string key;
};

std::string unescaped(std::string_view part) {
  std::string text;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '~' && i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1')) {
      text += part[++i] == '0' ? '~' : '/';
    } else {
      text += part[i];
    }
  }
  return text;
}

// Returns the index that the key names; a negative one counts from the end. Returns nullopt if it
// is not below `count`.
std::optional<rapidjson::SizeType> index_of(std::string_view key, rapidjson::SizeType count) {
  int index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (error != std::errc() || end != key.data() + key.size()) return std::nullopt;
  if (index < 0) index += static_cast<int>(count);
  if (index < 0 || index >= static_cast<int>(count)) return std::nullopt;
  return static_cast<rapidjson::SizeType>(index);
}

Value* child_of(Value& parent, std::string_view key) {
  if (parent.IsObject()) return find(parent, key);
  if (!parent.IsArray()) return nullptr;
  const auto index = index_of(key, parent.Size());
  return index ? &parent[*index] : nullptr;
}

std::optional<Place> place_of(Value& object, std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  Place place{&object, {}};
  while (true) {
    const std::size_t slash = path.find('/');
    place.key = unescaped(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    place.parent = child_of(*place.parent, place.key);
    if (place.parent == nullptr) return std::nullopt;
    path.remove_prefix(slash + 1);
  }
  if (!place.parent->IsObject() && !place.parent->IsArray()) return std::nullopt;
  return place;
}

bool add(const Place& place, Value value, Allocator& allocator) {
  Value& parent = *place.parent;
  if (parent.IsObject()) {
    set(parent, place.key, std::move(value), allocator);
    return true;
  }
  const auto at = place.key == "-" ? parent.Size() : index_of(place.key, parent.Size() + 1);
  if (!at) return false;
  parent.PushBack(std::move(value), allocator);
  for (rapidjson::SizeType i = parent.Size() - 1; i > *at; --i) parent[i].Swap(parent[i - 1]);
  return true;
}

bool remove_at(const Place& place) {
  Value& parent = *place.parent;
  const Value* found = child_of(parent, place.key);
  if (found == nullptr) return false;
  if (parent.IsObject()) {
    remove(parent, place.key);
  } else {
    parent.Erase(parent.Begin() + *index_of(place.key, parent.Size()));
  }
  return true;
}

bool replace_at(const Place& place, Value value, Allocator& allocator) {
  if (place.parent->IsObject()) return add(place, std::move(value), allocator);
  Value* found = child_of(*place.parent, place.key);
  if (found == nullptr) return false;
  *found = std::move(value);
  return true;
}

bool holds_at(const Place& place, const Value* wanted) {
  const Value* found = child_of(*place.parent, place.key);
  if (found == nullptr) return place.parent->IsObject() && (wanted == nullptr || wanted->IsNull());
  return wanted != nullptr && *found == *wanted;
}

bool copy_from(Value& object, const Value& operation, bool moves, Allocator& allocator) {
  const std::optional<Place> from = place_of(object, text_at(operation, {"from"}));
  if (!from) return false;
  const Value* found = child_of(*from->parent, from->key);
  if (found == nullptr && (moves || !from->parent->IsObject())) return false;
  Value value = found == nullptr ? Value() : make_copy(*found, allocator);
  if (moves && !remove_at(*from)) return false;
  const std::optional<Place> to = place_of(object, text_at(operation, {"path"}));
  return to && add(*to, std::move(value), allocator);
}

bool apply_one(Value& object, const Value& operation, Allocator& allocator) {
  const std::string_view kind = text_at(operation, {"op"});
  if (kind == "move" || kind == "copy") {
    return copy_from(object, operation, kind == "move", allocator);
  }
  const std::optional<Place> place = place_of(object, text_at(operation, {"path"}));
  if (!place) return false;
  const Value* value = find(operation, "value");
  if (kind == "remove") return remove_at(*place);
  if (kind == "test") return holds_at(*place, value);
  Value copy = value == nullptr ? Value() : make_copy(*value, allocator);
  if (kind == "add") return add(*place, std::move(copy), allocator);
  return kind == "replace" && replace_at(*place, std::move(copy), allocator);
}

}  // namespace

bool json_patch(Value& object, const Value& patch, Allocator& allocator) {
  for (const Value& operation : patch.GetArray()) {
    if (!apply_one(object, operation, allocator)) return false;
  }
  return true;
}

}  // namespace sim
