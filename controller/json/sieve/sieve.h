// A Sieve reads a JSON text while its bytes arrive, and removes the fields that the operator does
// not use. A removed field costs no memory, however large it is. The kept fields of one resource
// (here: a Kubernetes object) take a limited amount of memory.
//
// Guarantees
//  * The output does not depend on how the input is split into pieces.
//  * Decoding the output of a valid text gives the same value as decoding the text. Exceptions are
//    map keys that a table does not keep (json::limited), and resources above a limit.
//  * If a resource exceeds `object_bytes`, the members that do not fit (spec, status) are left out.
//    If its metadata exceeds limits::kMetadataBytes, the members of metadata that do not fit are
//    left out. Such a resource gets the member kCompletenessMember, whose value records what is
//    missing. A member of that name in the input is left out.
//  * A Sieve holds only the output that feed() has not returned yet, and a stack as deep as the
//    Shape.
// Assumptions: the reader of the output validates it. The sieve does not check whether the removed
// parts are valid JSON. When the sieve finds that a text is not JSON, it makes its output invalid,
// too.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "json/sieve/shape.h"

namespace json {

inline constexpr std::string_view kCompletenessMember = "~kept";  // a Completeness as a number

class Sieve {
 public:
  enum class Input {
    // The input is one JSON value, such as a resource that a GET returns.
    kOne,
    // The input is a watch: {"type":…,"object":…} on each line. The object of an ERROR event is
    // kept whole.
    kLines,
    // The input is a list: {"metadata":…,"items":[…]}. The output has the form of a watch: an ADDED
    // line for each item, then a PAGE line whose object is {"metadata":…}.
    kPage,
  };

  // `shape`: the Shape of each resource, or of the whole text for kOne; it must outlive the sieve.
  // `object_bytes`: the maximum memory of one decoded resource.
  Sieve(const Shape& shape, std::size_t object_bytes, Input input);
  Sieve(Sieve&&) noexcept = default;
  Sieve& operator=(Sieve&&) noexcept = default;

  // Reads the next bytes and appends finished output to `out`: whole lines with their line ends, or
  // for kOne the whole text once it is complete.
  void feed(std::string_view bytes, std::string& out);

  // Returns the number of buffered bytes of the line or text that has not arrived completely.
  std::size_t unfinished() const { return current_.size(); }

 private:
  enum class State {
    kValue,   // expects a value
    kFirst,   // after an opening bracket: expects a key, an element or the closing bracket
    kNext,    // after a comma in an object: expects a key
    kKey,     // inside a key
    kColon,   // expects a colon
    kAfter,   // after a value: expects a comma or the closing bracket
    kRaw,     // inside a value that is copied or left out without being parsed
    kEnd,     // after the text: expects only white space
    kBroken,  // the text is not JSON
  };
  struct Frame {
    const Shape* shape = nullptr;
    bool is_list = false;
    bool is_shown = true;          // its brackets are written to the output
    bool has_members = false;      // the output has a member or element of it
    bool had_members = false;      // has_members before the current member
    std::size_t member_start = 0;  // offset in current_ of the current member
    std::size_t member_cost = 0;   // bytes charged before the current member
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
  const Shape* next_ = nullptr;  // shape of the next value; null: it is left out
  std::size_t next_max_ = 0;     // bound of the next value in bytes; 0: none
  bool is_error_ = false;        // kLines: the event is an ERROR
  std::string page_metadata_;    // kPage: the list's metadata, for the PAGE line
  bool page_items_ = false;      // kPage: the list has the member items
  std::string key_;
  bool key_escape_ = false;
  bool key_too_long_ = false;
  // The value that is being copied or left out without being parsed (kRaw).
  bool raw_keep_ = false;
  bool raw_string_ = false;
  bool raw_escape_ = false;
  bool raw_scalar_ = false;
  std::size_t raw_depth_ = 0;
  std::size_t raw_bytes_ = 0;  // kept so far
  std::size_t raw_max_ = 0;    // bound in bytes; 0: none
  // The resource that is being read.
  std::size_t resource_ = 0;  // depth of its frame in frames_, from 1; 0: there is none
  bool metadata_ = false;     // its current member is metadata
  Completeness completeness_ = Completeness::kComplete;
  std::size_t cost_ = 0;
  std::size_t metadata_cost_ = 0;
  std::string current_;  // the output of the current line or text so far
  std::string ended_;    // complete lines, while feed() runs
};

// Returns the sieved form of one whole text (Input::kOne).
std::string sift(std::string_view text, const Shape& shape, std::size_t object_bytes);

}  // namespace json
