// A TextCheck checks that a stream of bytes is text that YAML allows: UTF-8 without control
// characters. It counts lines and columns for error messages. One thread at a time can use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/text/utf8.h"

namespace json {

// Returns the error for a place in YAML; `line` and `column` are counted from 1.
base::Error error_at(base::ErrorCode code, std::uint64_t line, std::uint64_t column,
                     std::string_view what);

class TextCheck {
 public:
  // Checks the next bytes; a text may be split anywhere. Returns kMalformed with line and column,
  // which are counted from 1, or nothing when the bytes are text. After an error, feed() must not
  // be called again.
  std::optional<base::Error> feed(std::string_view bytes);

  // Checks the end of the text. Returns kMalformed when the last character is cut off, or nothing.
  std::optional<base::Error> finish() const;

  // Returns the line of the next character, counted from 1.
  std::uint64_t line() const { return line_; }
  // Returns kMalformed with the line and column of the next character.
  base::Error error(std::string_view what) const;

 private:
  std::optional<base::Error> character(char32_t character);

  std::uint64_t line_ = 1;
  std::uint64_t column_ = 1;
  bool after_return_ = false;  // the last character was CR; a following LF belongs to it
  base::Utf8Decoder decoder_;
};

}  // namespace json
