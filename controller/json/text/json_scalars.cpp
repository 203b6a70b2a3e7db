#include <fmt/core.h>
#include <rapidjson/reader.h>

#include <stdexcept>
#include <vector>

#include "base/limits.h"
#include "json/text.h"
#include "json/text/nesting.h"
#include "json/text/scalars.h"

namespace json {
namespace {

base::Error malformed() {
  return {base::ErrorCode::kMalformed, "the JSON is invalid or incomplete"};
}

// A Stream adapts the source to RapidJSON's stream interface, which reads byte by byte and expects
// NUL at the end.
class Stream {
 public:
  using Ch = char;

  explicit Stream(ByteSource& source) : source_(source), buffer_(kReadBytes) { fill(); }

  char Peek() const { return current_; }
  char Take() {
    const char taken = current_;
    if (taken == '\n') ++line_;
    if (++used_ < size_) {
      current_ = buffer_[used_];
    } else {
      fill();
    }
    return taken;
  }
  std::size_t Tell() const { return offset_ + used_; }

  // RapidJSON requires these functions, but calls them only when it parses in place.
  char* PutBegin() { throw std::logic_error("RapidJSON must not write to the source"); }
  void Put(char) { PutBegin(); }
  void Flush() { PutBegin(); }
  std::size_t PutEnd(const char*) {
    throw std::logic_error("RapidJSON must not write to the source");
  }

  // Returns `size` bytes from `offset`, which the stream has read before.
  base::Result<std::string> text(std::uint64_t offset, std::size_t size) {
    return text_at(source_, offset, size, {buffer_.data(), size_}, offset_);
  }

  bool at_end() const { return size_ == 0 || error_; }
  std::uint64_t line() const { return line_; }
  void progress() { last_ = Tell(); }
  const std::optional<base::Error>& error() const { return error_; }

 private:
  void fill() {
    offset_ += size_;
    used_ = size_ = 0;
    current_ = '\0';
    if (error_) return;
    if (offset_ - std::min<std::uint64_t>(last_, offset_) > limits::kScalarBytes) {
      error_ = values_too_far_apart("JSON");
      return;
    }
    const auto size = source_.read(offset_, buffer_.data(), buffer_.size());
    if (!size) {
      error_ = size.error();
      return;
    }
    size_ = *size;
    if (size_ > 0) current_ = buffer_[0];
  }

  ByteSource& source_;
  std::vector<char> buffer_;
  std::size_t size_ = 0;  // bytes in buffer_
  std::size_t used_ = 0;  // bytes of buffer_ that were taken
  std::uint64_t offset_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t line_ = 1;
  char current_ = '\0';
  std::optional<base::Error> error_;
};

// A JsonScan handles the events of RapidJSON's reader. When a handler returns false, the parsing
// ends, and error_ has the reason.
class JsonScan {
 public:
  JsonScan(ByteSource& source, ScalarVisitor& visitor) : visitor_(visitor), stream_(source) {}

  base::Result<void> run();

  // RapidJSON calls the following functions.
  bool Null() { return other(); }
  bool Bool(bool) { return other(); }
  bool Int(int) { return other(); }
  bool Uint(unsigned) { return other(); }
  bool Int64(std::int64_t) { return other(); }
  bool Uint64(std::uint64_t) { return other(); }
  bool Double(double) { return other(); }
  bool RawNumber(const char*, unsigned, bool) { return other(); }
  bool String(const char* text, unsigned length, bool);
  bool Key(const char* text, unsigned length, bool);
  bool StartObject() { return open(true); }
  bool EndObject(unsigned) { return end_of_object(); }
  bool StartArray() { return open(false); }
  bool EndArray(unsigned) { return end_of_array(); }

 private:
  bool other();
  bool open(bool object);
  bool end_of_object();
  bool end_of_array();
  bool continue_if_ok(const base::Result<void>& result);
  base::Result<ScalarLocation> locate(std::string_view value, std::size_t length);

  ScalarVisitor& visitor_;
  Stream stream_;
  Nesting nesting_;
  std::optional<base::Error> error_;
};

base::Result<void> JsonScan::run() {
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseStopWhenDoneFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  for (const char byte : kByteOrderMark) {
    if (stream_.Peek() != byte) break;
    stream_.Take();
  }
  while (true) {
    while (stream_.Peek() == ' ' || stream_.Peek() == '\t' || stream_.Peek() == '\r' ||
           stream_.Peek() == '\n') {
      stream_.Take();
    }
    if (stream_.error()) return *stream_.error();
    if (stream_.at_end()) return {};
    rapidjson::Reader reader;
    const bool read = !reader.Parse<kFlags>(stream_, *this).IsError();
    if (error_) return *error_;
    if (stream_.error()) return *stream_.error();
    if (!read) return malformed();
  }
}

bool JsonScan::String(const char* text, unsigned length, bool) {
  stream_.progress();
  const Scalar scalar{
      {text, length}, nesting_.key(), ScalarStyle::kDoubleQuoted, stream_.line(), nesting_};
  const std::size_t wanted = visitor_.value(scalar);
  nesting_.leaf({});
  if (wanted == 0) return true;
  auto found = locate(scalar.value, wanted);
  if (!found) return continue_if_ok(found.error());
  return continue_if_ok(visitor_.located(*std::move(found)));
}

bool JsonScan::Key(const char* text, unsigned length, bool) {
  stream_.progress();
  nesting_.leaf({text, length});
  return true;
}

bool JsonScan::other() {
  stream_.progress();
  nesting_.leaf({});
  return true;
}

bool JsonScan::open(bool object) {
  stream_.progress();
  if (nesting_.open(object, true)) return true;
  error_ =
      base::Error{base::ErrorCode::kTooLarge,
                  fmt::format("the JSON is nested deeper than {} levels", limits::kScalarDepth)};
  return false;
}

bool JsonScan::end_of_object() {
  stream_.progress();
  return continue_if_ok(visitor_.end_of_map(nesting_.close()));
}

bool JsonScan::end_of_array() {
  stream_.progress();
  nesting_.close();
  return true;
}

bool JsonScan::continue_if_ok(const base::Result<void>& result) {
  if (!result) error_ = result.error();
  return result.has_value();
}

// Returns where a string begins in the window; the window ends where the string ends. The string
// begins after the last quote that is not escaped. A quote is escaped by an odd number of
// backslashes before it.
std::optional<std::size_t> begin_of_string(std::string_view window) {
  for (std::size_t end = window.size(); end > 0;) {
    const std::size_t quote = window.rfind('"', end - 1);
    if (quote == std::string_view::npos) break;
    const std::size_t other = window.substr(0, quote).find_last_not_of('\\');
    const std::size_t backslashes = other == std::string_view::npos ? quote : quote - other - 1;
    if (backslashes % 2 == 0) return quote + 1;
    end = quote;
  }
  return std::nullopt;
}

// Returns the location of a string that ends just before the stream's position. The string takes at
// most six bytes in the text for each byte of its value (\u0061).
base::Result<ScalarLocation> JsonScan::locate(std::string_view value, std::size_t length) {
  const std::string_view part = value.substr(0, length);
  if (!is_word(part))
    throw std::invalid_argument("the part to locate has characters of JSON syntax");
  const std::uint64_t end = stream_.Tell() - 1;
  const std::uint64_t from = end - std::min<std::uint64_t>(end, 6 * value.size() + 1);
  const auto window = stream_.text(from, end - from);
  if (!window) return window.error();
  const auto begin = begin_of_string(*window);
  if (!begin) return malformed();  // the text changed since it was read
  const std::string_view text = std::string_view(*window).substr(*begin);
  const bool whole = part.size() == value.size();
  const auto written = whole ? std::optional(text.size()) : written_length(text, part);
  if (!written) return malformed();
  return ScalarLocation{
      from + *begin, from + *begin + *written, std::string(text.substr(0, *written)), false, true,
      whole};
}

}  // namespace

base::Result<void> scan_json(ByteSource& source, ScalarVisitor& visitor) {
  return JsonScan(source, visitor).run();
}

}  // namespace json
