// Writing JSON, compact. One owner, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace json {

// The caller keeps the grammar: a key before each value of an object, every begin with its end.
class Writer {
 public:
  Writer();
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);
  void string(std::string_view value);
  void integer(std::int64_t value);
  void number(double value);
  void boolean(bool value);
  void null();
  void raw(std::string_view text);  // text is one whole JSON value

  // What was written so far.
  std::string take() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace json
