// Removes fields that no type reads from a JSON text as its bytes arrive. A removed field costs no
// memory, however large it is; what is kept of one resource is bounded.
//
// Guarantees
//  * However the bytes are cut, the output is the same.
//  * Decoding the output of a valid text gives the same value as decoding the text, but for keys
//    that a table does not keep (json::limited) and for resources over a bound.
//  * Of a resource over its bound those members are left out that do not fit (spec, status), and of
//    metadata over its own bound the members of it that do not fit. Such a resource has a member
//    kKeptMember that says so. A member of that name in the input is left out.
//  * Memory: the current output, and a stack as deep as the shape.
// Assumptions: the reader of the output checks it; what is left out is not checked to be JSON. A
// text
//   that is no JSON comes out as none.
// One owner; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "json/shape.h"

namespace json {

inline constexpr std::string_view kKeptMember = "~kept";  // its value: that of a Kept

class Sieve {
 public:
  enum class Input {
    kOne,  // one text
    kLines,  // {"type":…,"object":…} on a line each: a watch. The object of an ERROR is kept whole
    kPage,  // {"metadata":…,"items":[…]}: put out as such lines, ADDED for each item, and at last
            // PAGE for {"metadata":…}
  };

  // shape: of the resource, with kOne of the text. object_bytes: of one resource, decoded. shape
  // outlives the sieve.
  Sieve(const Shape& shape, std::size_t object_bytes, Input input);
  Sieve(Sieve&&) noexcept = default;
  Sieve& operator=(Sieve&&) noexcept = default;

  // Takes the next bytes. Appends to out: whole lines, each with its end; of kOne the text, once it
  // has ended.
  void feed(std::string_view bytes, std::string& out);

  // Bytes that are kept of a line or text whose end has not come.
  std::size_t unfinished() const { return current_.size(); }

 private:
  enum class State {
    kValue,  // a value comes
    kFirst,  // the first key or element, or the end of the object or list
    kNext,   // a key
    kKey,    // the rest of a key
    kColon,
    kAfter,   // a comma, or the end of the object or list
    kRaw,     // the rest of a value that is kept or left out as it stands
    kEnd,     // nothing but space
    kBroken,  // no JSON
  };
  struct Frame {
    const Shape* shape = nullptr;
    bool is_list = false;
    bool is_shown = true;          // its brackets are put out
    bool has_members = false;      // something was put out
    bool had_members = false;      // before the current member
    std::size_t member_start = 0;  // in current_: of the current member
    std::size_t member_cost = 0;   // what was charged before it
    std::size_t elements = 0;
  };

  void reset();
  void end_line(std::string& out);
  void feed_segment(std::string_view bytes, std::string& out);
  void step(char character);
  void step_key(char character);
  std::size_t read_raw(std::string_view bytes);
  std::size_t raw_run(std::string_view bytes, bool& over);
  bool keep_raw(std::string_view bytes);
  void begin_value(char character);
  bool begin_element();
  void begin_key();
  void end_key();
  void begin_raw(char character, bool keep);
  void end_value();
  void end_part_of_page();
  void open(const Shape& shape, bool is_list);
  void close(char character);
  void broken();
  bool charge(std::size_t bytes);
  void overflow();
  const Shape* shape_;
  std::size_t object_bytes_;
  Input input_;
  State state_ = State::kValue;
  std::vector<Frame> frames_;
  const Shape* next_ = nullptr;  // of the value that comes; null: it is left out
  std::size_t next_most_ = 0;    // bytes of it; 0: no bound of its own
  bool is_error_ = false;        // kLines: the event is an ERROR
  std::string page_metadata_;    // kPage: the list's, for the end
  bool page_items_ = false;      // kPage: there are some, or none
  std::string key_;
  bool key_escape_ = false;
  bool key_too_long_ = false;
  // A value that is kept or left out as it stands.
  bool raw_keep_ = false;
  bool raw_string_ = false;
  bool raw_escape_ = false;
  bool raw_scalar_ = false;
  std::size_t raw_depth_ = 0;
  std::size_t raw_bytes_ = 0;  // kept so far
  std::size_t raw_most_ = 0;
  // The resource that is being read.
  std::size_t resource_ = 0;  // the number of frames that it has; 0: none
  bool metadata_ = false;     // the current member of it is metadata
  Kept kept_ = Kept::kWhole;
  std::size_t cost_ = 0;
  std::size_t metadata_cost_ = 0;
  std::string current_;  // what is kept of the line or text so far
  std::string ended_;    // lines that are whole, within feed
};

// The whole of one text.
std::string sift(std::string_view text, const Shape& shape, std::size_t object_bytes);

}  // namespace json
