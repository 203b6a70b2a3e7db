// Finds the single values of a YAML or JSON text, so that some can be replaced without touching
// another byte: comments, order, anchors, quotes and line ends stay. A real parser says what is a
// value. The text is read as a stream and may be of any size; memory is bounded by
// limits::kScalar…. Pure but for its source; one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "json/nesting.h"

namespace json {

// Bytes that can be read again from any place.
class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  // Reads so many bytes from that offset on; fewer only at the end.
  virtual base::Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size) = 0;
};

// A text in memory, which outlives this.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string_view text) : text_(text) {}
  base::Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size) override;

 private:
  std::string_view text_;
};

enum class ScalarStyle { kPlain, kSingleQuoted, kDoubleQuoted, kBlock };

// A scalar that is a value: no key and no part of a key. The views live as long as the call.
struct Scalar {
  std::string_view value;  // decoded; of a block scalar without the line ends at its end
  std::string_view key;    // its key, or that of the list it is in; empty: none, or a very long one
  ScalarStyle style = ScalarStyle::kPlain;
  std::uint64_t line = 0;  // where it begins, from 1
  const Nesting& around;   // the keys and the mapping around it
};

// Where a value stands in the text, or a first part of it, and how it is written there.
struct Place {
  std::uint64_t begin = 0;  // bytes, without quotes
  std::uint64_t end = 0;
  std::string original;  // those bytes
  bool plain = false;    // without quotes, not in a block
  bool in_flow = false;
  bool whole = true;  // all of the value
};

// The bytes from begin to end, which are the original, become the text.
struct Edit {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string text;
  std::string original;

  bool operator==(const Edit&) const = default;
};

// The edit that writes the word at the place in the style of the value; a plain one is quoted if it
// has to be. Nothing: it has to be, and the place is not all of the value. word: see json/text.h.
std::optional<Edit> edit_at(const Place& place, std::string_view word);

// Hears of the values of a text, in its order.
class ScalarVisitor {
 public:
  ScalarVisitor() = default;
  ScalarVisitor(const ScalarVisitor&) = delete;
  ScalarVisitor& operator=(const ScalarVisitor&) = delete;
  virtual ~ScalarVisitor() = default;

  // A value. How many of its bytes, from its beginning, may have to be replaced; 0: none. They have
  // to be a word.
  virtual std::size_t value(const Scalar& scalar) = 0;
  // The place of the bytes that value() just asked for. An error ends the scan.
  virtual base::Result<void> place(Place place) = 0;
  // An alias that is a value; it has no text.
  virtual void alias(const Scalar& scalar) = 0;
  // A mapping has ended: see Nesting::map(). An error ends the scan.
  virtual base::Result<void> end_of_map(std::uint64_t map) = 0;
};

// Shows all values to the visitor. kMalformed with line and column: no YAML, no UTF-8. kTooLarge:
// over a bound. Also what the source or the visitor fail with. After an error the visitor has seen
// a part of the text.
base::Result<void> scan_yaml(ByteSource& source, ScalarVisitor& visitor);

// The same for a stream of JSON values. Strict, and free of the bounds that YAML has for keys and
// escapes: YAML that is no JSON is kMalformed, without a line.
base::Result<void> scan_json(ByteSource& source, ScalarVisitor& visitor);

// Whether the text begins as JSON does, with '{' or '['; YAML may begin so too.
base::Result<bool> begins_as_json(ByteSource& source);

}  // namespace json
