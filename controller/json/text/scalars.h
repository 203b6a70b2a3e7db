// This file finds the scalar values of a YAML or JSON text, so that a caller can replace some of
// them without changing another byte: comments, order, anchors, quotes and line ends stay. A full
// parser (libyaml or RapidJSON) decides which scalars are values. The text is read as a stream and
// may have any size; memory is bounded by limits::kScalar…. A scan only reads its source and calls
// its visitor. One thread at a time may use a source and its scan.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "json/text/nesting.h"

namespace json {

// A source of bytes, which can be read repeatedly and from any offset.
class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  // Reads `size` bytes from `offset` into `buffer`, and fewer only at the end of the source.
  // Returns the number of bytes.
  virtual base::Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size) = 0;
};

// Returns `size` bytes from `offset`, and fewer only at the end of the source. `window`: bytes of
// the source from `window_offset` on; if it contains all requested bytes, the source is not read.
base::Result<std::string> text_at(ByteSource& source, std::uint64_t offset, std::size_t size,
                                  std::string_view window, std::uint64_t window_offset);

// The bytes that a scan reads from its source at once.
inline constexpr std::size_t kReadBytes = 64 << 10;

// Returns kTooLarge: the text has more than limits::kScalarBytes between two values. `format`: JSON
// or YAML.
base::Error values_too_far_apart(std::string_view format);

// A text in memory. The text must outlive the source.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string_view text) : text_(text) {}
  base::Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size) override;

 private:
  std::string_view text_;
};

enum class ScalarStyle { kPlain, kSingleQuoted, kDoubleQuoted, kBlock };

// A Scalar describes a scalar that is a value, not a key or a part of a key. Its views are valid
// only during the call of the visitor.
struct Scalar {
  std::string_view value;  // decoded; without the line ends at the end of a block scalar
  // The key of the value, or of the list that contains the value. Empty when there is no key, or
  // when the key is longer than limits::kScalarKeyBytes.
  std::string_view key;
  ScalarStyle style = ScalarStyle::kPlain;
  std::uint64_t line = 0;  // line on which it begins, counted from 1
  const Nesting& around;   // the keys and the mapping around it
  // True if the scalar, or the mapping that directly holds it, has an anchor. Then an alias or a
  // merge key may use the scalar in another mapping, too, beside other values.
  bool is_anchored = false;
};

// A ScalarLocation describes where a value, or the beginning of a value, is in the text, and how it
// is written there.
struct ScalarLocation {
  std::uint64_t begin = 0;  // offset in bytes of the first byte, after an opening quote
  std::uint64_t end = 0;    // offset in bytes after the last byte, before a closing quote
  std::string original;     // the bytes from begin to end
  bool plain = false;       // neither quoted nor a block scalar
  bool in_flow = false;     // inside [] or {}
  bool whole = true;        // false: only the beginning of the value
};

// An edit replaces the bytes from begin to end, which are `original`, with `text`.
struct Edit {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string text;
  std::string original;

  bool operator==(const Edit&) const = default;
};

// Returns the edit that writes a word (json/text.h) at the location, in the style of the value. A
// plain value gets quotes if the word needs them. Returns nothing when the word needs quotes and
// the location is only the beginning of the value.
std::optional<Edit> edit_at(const ScalarLocation& location, std::string_view word);

// A ScalarVisitor receives the values of a text, in the order of the text.
class ScalarVisitor {
 public:
  ScalarVisitor() = default;
  ScalarVisitor(const ScalarVisitor&) = delete;
  ScalarVisitor& operator=(const ScalarVisitor&) = delete;
  virtual ~ScalarVisitor() = default;

  // Called for each value. Returns how many bytes at the beginning of the value the visitor may
  // replace; 0: none. These bytes must be a word.
  virtual std::size_t value(const Scalar& scalar) = 0;
  // Called with the location of the bytes that value() has just requested. An error ends the scan.
  virtual base::Result<void> located(ScalarLocation location) = 0;
  // Called for each alias that is a value. The text of the scalar is empty.
  virtual void alias(const Scalar& scalar) = 0;
  // Called when a mapping ends. `map`: its number, see Nesting::map(). An error ends the scan.
  virtual base::Result<void> end_of_map(std::uint64_t map) = 0;
};

// Passes all values of a YAML text to the visitor. Returns kMalformed with line and column when the
// text is not YAML or not UTF-8, kTooLarge when it exceeds a bound, or the error of the source or
// the visitor. After an error, the visitor has received only a part of the values.
base::Result<void> scan_yaml(ByteSource& source, ScalarVisitor& visitor);

// Like scan_yaml, but for a stream of JSON values. JSON does not have YAML's limits on keys and
// escapes. A text that is YAML but not JSON is kMalformed; the error names no line.
base::Result<void> scan_json(ByteSource& source, ScalarVisitor& visitor);

// Returns true when the text begins with '{' or '[', as JSON does. YAML may also begin like this.
base::Result<bool> begins_as_json(ByteSource& source);

}  // namespace json
