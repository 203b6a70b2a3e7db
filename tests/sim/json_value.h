// This file adds helpers to RapidJSON's values, as the simulated API server needs them for generic
// JSON. The functions are pure and can be called on any thread.
#pragma once

#include <rapidjson/document.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace sim {

using Value = rapidjson::Value;
using Allocator = rapidjson::Document::AllocatorType;

// The memory of a document's values. It is the first base of Document, so that the values are
// destroyed before their memory.
struct DocumentMemory {
  static constexpr std::size_t kPiece = 2048;  // bytes; RapidJSON's own are 64 KiB
  std::unique_ptr<Allocator> memory = std::make_unique<Allocator>(kPiece);
};

struct Document : private DocumentMemory, rapidjson::Document {
  Document() : rapidjson::Document(memory.get()) {}

  void Swap(Document& other) noexcept {
    rapidjson::Document::Swap(other);
    memory.swap(other.memory);
  }
};

std::string_view as_text(const Value& value);  // of a value that is a string

// Returns the member of this name; null if there is none or the value is no object.
const Value* find(const Value& object, std::string_view name);
Value* find(Value& object, std::string_view name);
const Value* find(const Value& object, std::initializer_list<std::string_view> path);
Value* find(Value& object, std::initializer_list<std::string_view> path);

// Returns the string at this path; empty if there is none.
std::string_view text_at(const Value& object, std::initializer_list<std::string_view> path);

Value make_text(std::string_view text, Allocator& allocator);
Value make_copy(const Value& value, Allocator& allocator);

// Sets or replaces a member of an object, and returns the member.
Value& set(Value& object, std::string_view name, Value value, Allocator& allocator);
Value& set_text(Value& object, std::string_view name, std::string_view text, Allocator& allocator);
// As set(), but keeps an existing member that is not null.
Value& set_default(Value& object, std::string_view name, Value value, Allocator& allocator);
Value& set_default(Value& object, std::string_view name, std::string_view text,
                   Allocator& allocator);
// Returns the object or array of this name, and creates it if there is none.
Value& need_object(Value& object, std::string_view name, Allocator& allocator);
Value& need_array(Value& object, std::string_view name, Allocator& allocator);
void remove(Value& object, std::string_view name);

// True if both values are equal, whatever the order of their members. Null: the value is absent.
bool same(const Value* a, const Value* b);
bool is_empty(const Value* value);  // absent, null, {} or []

std::string write(const Value& value);
std::string write_sorted(const Value& value);  // members ordered by name, as Go writes maps

// Applies a JSON merge patch (RFC 7386).
void merge_patch(Value& target, const Value& patch, Allocator& allocator);

}  // namespace sim
