// Reading JSON: a Document owns a parsed text, a View looks at one value in it.
//
// The text is parsed in place (RapidJSON); strings are views into it. Bounds: limits::kJsonDepth.
// A Document has one owner; Views are valid while it lives and is not moved from. Any thread, one
// at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace json {

enum class Kind { kNull, kBool, kInteger, kNumber, kString, kArray, kObject };

// "an object", "a string", …: for messages.
std::string_view describe(Kind kind);

struct Member;

class View {
 public:
  explicit View(const void* value) : value_(value) {}

  Kind kind() const;

  // Each of these expects the kind it is named for, and may be called for no other.
  bool boolean() const;
  std::int64_t integer() const;  // kInteger: fits into 64 bits with a sign
  double number() const;         // kInteger or kNumber
  std::string_view string() const;

  // Number of elements of an array or members of an object; 0 for every other kind.
  std::size_t size() const;
  View element(std::size_t index) const;   // kArray
  Member member(std::size_t index) const;  // kObject, in the order of the text

  // The member of that name of an object, of two of them the last; nothing when there is none or
  // this is no object.
  std::optional<View> find(std::string_view name) const;

 private:
  const void* value_;  // a rapidjson::Value of the Document
};

struct Member {
  std::string_view name;
  View value;
};

// A member of an object that is kept while a text is parsed. See json/selection.h.
struct Selection {
  std::string_view name;
  std::span<const Selection> members;  // that are kept of its value; empty: all of it is kept
};

struct ParseOptions {
  // Values that are kept; more are kTooLarge. Each takes up to 32 bytes besides its text.
  std::size_t most_values = std::numeric_limits<std::size_t>::max();
  // False: a list called managedFields, half of many an object and of no use, is read as null.
  bool managed_fields = true;
  // The members of the root that are kept; empty: everything is kept. The other members are held to
  // JSON's syntax and dropped, so that they take no memory. A list is transparent: what is selected
  // of it is selected of each of its elements.
  std::span<const Selection> members = {};
};

class Document {
 public:
  // kMalformed with the position in bytes, or kTooLarge: nested too deeply, or of too many values.
  static base::Result<Document> parse(std::string text, const ParseOptions& options = {});

  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  View root() const;

 private:
  struct Parsed;

  explicit Document(std::unique_ptr<Parsed> parsed);

  std::unique_ptr<Parsed> parsed_;
};

}  // namespace json
