#include <fmt/core.h>
#include <rapidjson/reader.h>

#include <stdexcept>
#include <vector>

#include "base/limits.h"
#include "json/nesting.h"
#include "json/scalars.h"
#include "json/text.h"

namespace json {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;

base::Error malformed() {
  return {base::ErrorCode::kMalformed, "not JSON, or JSON that is cut off"};
}

// The source as RapidJSON reads it: byte by byte, with NUL at the end.
class Stream {
 public:
  using Ch = char;

  explicit Stream(ByteSource& source) : source_(source), buffer_(kReadBytes) { fill(); }

  char Peek() const { return current_; }
  char Take() {
    const char taken = current_;
    if (++used_ < size_) {
      current_ = buffer_[used_];
    } else {
      fill();
    }
    return taken;
  }
  std::size_t Tell() const { return offset_ + used_; }

  // RapidJSON writes strings elsewhere, but wants these to be there.
  char* PutBegin() { throw std::logic_error("the source is not written to"); }
  void Put(char) { PutBegin(); }
  void Flush() { PutBegin(); }
  std::size_t PutEnd(const char*) { throw std::logic_error("the source is not written to"); }

  // So many bytes from an offset on, which were read before.
  base::Result<std::string> text(std::uint64_t offset, std::size_t size) {
    if (offset >= offset_ && offset + size <= offset_ + size_) {
      return std::string(buffer_.data() + (offset - offset_), size);
    }
    std::string text(size, '\0');
    const auto read = source_.read(offset, text.data(), size);
    if (!read) return read.error();
    text.resize(*read);
    return text;
  }

  bool at_end() const { return size_ == 0 || error_; }
  void progress() { last_ = Tell(); }
  const std::optional<base::Error>& error() const { return error_; }

 private:
  void fill() {
    offset_ += size_;
    used_ = size_ = 0;
    current_ = '\0';
    if (error_) return;
    if (offset_ - std::min<std::uint64_t>(last_, offset_) > limits::kScalarBytes) {
      error_ = base::Error{base::ErrorCode::kTooLarge,
                           fmt::format("JSON with more than {} MiB from one value to the next",
                                       limits::kScalarBytes >> 20)};
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
  std::size_t size_ = 0;  // filled
  std::size_t used_ = 0;  // of it, gone past
  std::uint64_t offset_ = 0;
  std::uint64_t last_ = 0;
  char current_ = '\0';
  std::optional<base::Error> error_;
};

// Gets what RapidJSON finds. False ends the parsing, with the error kept.
class JsonEditor {
 public:
  JsonEditor(ByteSource& source, const Replace& replace, const Emit& emit)
      : replace_(replace), emit_(emit), stream_(source) {}

  base::Result<void> run();

  // Called by RapidJSON.
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
  bool EndObject(unsigned) { return close(); }
  bool StartArray() { return open(false); }
  bool EndArray(unsigned) { return close(); }

 private:
  bool other();
  bool open(bool object);
  bool close();
  base::Result<Edit> edit(std::size_t length, std::string_view word);

  const Replace& replace_;
  const Emit& emit_;
  Stream stream_;
  Nesting nesting_;
  std::optional<base::Error> error_;
};

base::Result<void> JsonEditor::run() {
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

bool JsonEditor::String(const char* text, unsigned length, bool) {
  stream_.progress();
  Scalar scalar;
  scalar.value = {text, length};
  scalar.key = nesting_.key();
  scalar.style = ScalarStyle::kDoubleQuoted;
  nesting_.leaf({});
  if (!is_word(scalar.value)) return true;
  const auto word = replace_(scalar);
  if (!word) return true;
  auto found = edit(scalar.value.size(), *word);
  if (!found) {
    error_ = found.error();
    return false;
  }
  const auto emitted = emit_(*std::move(found));
  if (!emitted) error_ = emitted.error();
  return !error_;
}

bool JsonEditor::Key(const char* text, unsigned length, bool) {
  stream_.progress();
  nesting_.leaf({text, length});
  return true;
}

bool JsonEditor::other() {
  stream_.progress();
  nesting_.leaf({});
  return true;
}

bool JsonEditor::open(bool object) {
  stream_.progress();
  if (nesting_.open(object, true)) return true;
  error_ = base::Error{base::ErrorCode::kTooLarge,
                       fmt::format("JSON of more than {} levels", limits::kScalarDepth)};
  return false;
}

bool JsonEditor::close() {
  stream_.progress();
  nesting_.close();
  return true;
}

// The string ends before where the stream is. It began at the last quote before, for a word has
// none, not even an escaped one, and at most six bytes a character before: \u0061.
base::Result<Edit> JsonEditor::edit(std::size_t length, std::string_view word) {
  if (!is_word(word)) throw std::invalid_argument("a replacement that is no word");
  const std::uint64_t end = stream_.Tell() - 1;
  const std::uint64_t from = end - std::min<std::uint64_t>(end, 6 * length + 1);
  const auto window = stream_.text(from, end - from);
  if (!window) return window.error();
  const std::size_t quote = window->rfind('"');
  if (quote == std::string::npos) return malformed();  // it changed since it was read
  return Edit{from + quote + 1, end, std::string(word), window->substr(quote + 1)};
}

}  // namespace

base::Result<void> json_edits(ByteSource& source, const Replace& replace, const Emit& emit) {
  return JsonEditor(source, replace, emit).run();
}

}  // namespace json
