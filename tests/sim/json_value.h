// Generic JSON for the simulated API server: RapidJSON's values and what it lacks for them.
// Pure functions; any thread.
#pragma once

#include <rapidjson/document.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace sim {

using Value = rapidjson::Value;
using Allocator = rapidjson::Document::AllocatorType;

// Where a document's values are. Before the document, which is destroyed first.
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

std::string_view as_text(const Value& value);  // of a string

// The member of that name; null when there is none, or when this is no object.
const Value* find(const Value& object, std::string_view name);
Value* find(Value& object, std::string_view name);
const Value* find(const Value& object, std::initializer_list<std::string_view> path);
Value* find(Value& object, std::initializer_list<std::string_view> path);

// The string at that path; empty when there is none.
std::string_view text_at(const Value& object, std::initializer_list<std::string_view> path);

Value make_text(std::string_view text, Allocator& allocator);
Value make_copy(const Value& value, Allocator& allocator);

// Sets or replaces a member of an object.
Value& set(Value& object, std::string_view name, Value value, Allocator& allocator);
Value& set_text(Value& object, std::string_view name, std::string_view text, Allocator& allocator);
// As set, but leaves what is there already (null counts as nothing).
Value& set_default(Value& object, std::string_view name, Value value, Allocator& allocator);
Value& set_default(Value& object, std::string_view name, std::string_view text,
                   Allocator& allocator);
// The object or array of that name, made when there is none.
Value& need_object(Value& object, std::string_view name, Allocator& allocator);
Value& need_array(Value& object, std::string_view name, Allocator& allocator);
void remove(Value& object, std::string_view name);

// Whether both are the same, in whatever order members are. Null: absent.
bool same(const Value* a, const Value* b);
bool is_empty(const Value* value);  // absent, null, {} or []

std::string write(const Value& value);
std::string write_sorted(const Value& value);  // members by name, as Go writes maps

// RFC 7386.
void merge_patch(Value& target, const Value& patch, Allocator& allocator);

}  // namespace sim
