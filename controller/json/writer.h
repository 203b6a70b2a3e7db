// Writing JSON, compact. One owner, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace json {

// The caller keeps the grammar: a key before each value of an object, every begin with its end.
class Writer {
 public:
  Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }
  void key(std::string_view name);
  void string(std::string_view value);  // UTF-8
  void integer(std::int64_t value);
  void number(double value);  // finite
  void boolean(bool value) { raw(value ? "true" : "false"); }
  void null() { raw("null"); }
  void raw(std::string_view text);  // text is one whole JSON value

  // What was written; the end of its use.
  std::string take() { return std::move(text_); }

 private:
  void begin(char bracket);
  void end(char bracket);
  void separate();
  void quote(std::string_view value);

  std::string text_;
  bool first_ = true;  // nothing that a comma would have to follow
};

}  // namespace json
