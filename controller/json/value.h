// This file reads JSON: a Document owns a parsed text, and a View refers to one value in it.
//
// RapidJSON parses the text in place, so strings are views into it. limits::kJsonDepth bounds the
// depth. A Document has one owner. Views are valid while the Document lives and is not moved from.
// Any thread can use them, one at a time.
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

// Returns "an object", "a string", …, for messages.
std::string_view describe(Kind kind);

struct Member;

class View {
 public:
  explicit View(const void* value) : value_(value) {}

  Kind kind() const;

  // Call each of the following functions only for the kind in its name or comment.
  bool boolean() const;
  std::int64_t integer() const;  // kInteger: a signed 64-bit number
  double number() const;         // kInteger or kNumber
  std::string_view string() const;

  // Returns the number of elements of an array or of members of an object; 0 for every other kind.
  std::size_t size() const;
  View element(std::size_t index) const;   // kArray
  Member member(std::size_t index) const;  // kObject, in the order of the text

  // Returns the member of this name, the last one if there are several. Returns nothing when there
  // is none or the value is not an object.
  std::optional<View> find(std::string_view name) const;

 private:
  const void* value_;  // a rapidjson::Value of the Document
};

struct Member {
  std::string_view name;
  View value;
};

// A Selection names a member of an object that is kept while a text is parsed
// (json/sieve/selection.h).
struct Selection {
  std::string_view name;
  std::span<const Selection> members;  // members of its value that are kept; empty: all
};

struct ParseOptions {
  // The maximum number of values that may be kept; parse() refuses a text with more as kTooLarge.
  // Each value takes up to 32 bytes besides its text.
  std::size_t max_values = std::numeric_limits<std::size_t>::max();
  // False: a list named managedFields is read as null. Such a list makes up half of many objects,
  // and few callers need it.
  bool managed_fields = true;
  // The members of the root that are kept; empty: everything. The syntax of other members is
  // checked, but they are dropped, so that they take no memory. A selection on a list applies to
  // each of its elements.
  std::span<const Selection> members = {};
};

class Document {
 public:
  // Parses a text. Returns kMalformed with the position in bytes when the text is not valid JSON,
  // or kTooLarge when it is nested too deeply or has too many values.
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
