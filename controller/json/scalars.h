// Changes single values of a YAML or JSON text without touching another byte: comments, order,
// anchors, quotes and line ends stay. A real parser says what is a value; what comes out is a list
// of edits of the text. The text is read as a stream and may be of any size; memory is bounded by
// limits::kYaml…. Pure but for its source; one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

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

// A scalar that is a value: no key, no part of a key, no alias. The views live as long as the call.
struct Scalar {
  std::string_view value;  // decoded; of a block scalar without the line ends at its end
  std::string_view key;    // its key, or that of the list it is in; empty: none, or a very long one
  ScalarStyle style = ScalarStyle::kPlain;
  std::uint64_t line = 0;  // where it begins, from 1; 0 in JSON
};

// The bytes from begin to end, which are the original, become the text.
struct Edit {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string text;
  std::string original;

  bool operator==(const Edit&) const = default;
};

// The new value of a scalar, or nothing: it stays. Both are words of ASCII without space, quote,
// backslash or control character; scalars that are not are never asked for.
using Replace = std::function<std::optional<std::string>(const Scalar&)>;
using Emit = std::function<base::Result<void>(Edit)>;

// Asks replace for the scalars in the order of the text and hands an edit to emit for each that is
// replaced. An edit keeps the style of the value; a plain one is quoted only if it has to be. What
// was emitted before an error is no whole result. kMalformed with line and column: no YAML, no
// UTF-8. kTooLarge: over a bound. Also what the source or emit fail with.
base::Result<void> yaml_edits(ByteSource& source, const Replace& replace, const Emit& emit);

// The same for a stream of JSON values. Strict, and free of the bounds that YAML has for keys and
// escapes: YAML that is no JSON is kMalformed, without a line.
base::Result<void> json_edits(ByteSource& source, const Replace& replace, const Emit& emit);

// Whether the text begins as JSON does, with '{' or '['; YAML may begin so too.
base::Result<bool> begins_as_json(ByteSource& source);

}  // namespace json
