// Whether a stream of bytes is a text that YAML allows: UTF-8 without control characters. Counts
// lines and columns, so that the place can be named. A value; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace json {

class TextCheck {
 public:
  // The next bytes, of any number. kMalformed with line and column, from 1; then no more calls.
  std::optional<base::Error> feed(std::string_view bytes);

  // At the end: a character may be cut off.
  std::optional<base::Error> finish() const;

  // Of the character that comes next; an error there.
  std::uint64_t line() const { return line_; }
  base::Error error(std::string_view what) const;

 private:
  std::optional<base::Error> begin(unsigned char byte);
  std::optional<base::Error> character(char32_t character);

  std::uint64_t line_ = 1;
  std::uint64_t column_ = 1;
  bool after_return_ = false;  // the last character was CR: LF is part of the same line end
  char32_t character_ = 0;     // so far
  char32_t least_ = 0;         // what may be written with so many bytes
  int missing_ = 0;            // bytes
};

}  // namespace json
