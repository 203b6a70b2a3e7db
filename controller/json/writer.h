// A Writer writes compact JSON. It has one owner and can be used on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace json {

// The caller must follow JSON's grammar: a key before each value of an object, an end for each
// begin call.
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

  // Returns the text. The Writer must not be used afterwards.
  std::string take() { return std::move(text_); }

 private:
  void begin(char bracket);
  void end(char bracket);
  void separate();
  void quote(std::string_view value);

  std::string text_;
  bool first_ = true;  // the next value needs no comma before it
};

}  // namespace json
