#include "json/value.h"

#include <fmt/core.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/limits.h"
#include "base/text/text.h"
#include "base/text/utf8.h"

namespace json {
namespace {

const rapidjson::Value& as_value(const void* value) {
  return *static_cast<const rapidjson::Value*>(value);
}

// Returns the offset of the first byte that is not UTF-8, or is a control character that JSON
// allows nowhere, such as NUL. Returns the size of a text without such bytes. Plain ASCII, which is
// nearly all text, is checked eight bytes at a time.
std::size_t first_bad_byte(std::string_view text) {
  constexpr std::uint64_t kEach = 0x0101010101010101ULL;
  constexpr std::uint64_t kHigh = 0x80 * kEach;
  std::size_t i = 0;
  while (i < text.size()) {
    std::uint64_t eight = 0;
    if (text.size() - i >= sizeof(eight)) {
      std::memcpy(&eight, text.data() + i, sizeof(eight));
      const std::uint64_t below_space = (eight - 0x20 * kEach) & ~eight;
      if (((eight | below_space) & kHigh) == 0) {
        i += sizeof(eight);
        continue;
      }
    }
    const base::Character next = base::first_character(text.substr(i));
    const bool is_control =
        next.code < ' ' && next.code != '\n' && next.code != '\t' && next.code != '\r';
    if (is_control || next.code == base::kNotUtf8) return i;
    i += next.size;
  }
  return i;
}

// RapidJSON's SSE2 code reads aligned blocks of 16 bytes, which may extend past the end of the
// text. So this many bytes follow the text.
constexpr std::size_t kBytesAfterEnd = 16;

// Memory for values is allocated in pieces of about the size that the values of the text need,
// within these limits in bytes.
constexpr std::size_t kMinPiece = 1024;
constexpr std::size_t kMaxPiece = 65536;

std::string_view view_of(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

// Builds a document from the events of RapidJSON's reader. The Builder parses numbers itself: by
// default, RapidJSON's numbers are not exact to the last bit, and with kParseFullPrecisionFlag
// "0e1" causes undefined behaviour.
class Builder {
 public:
  // `has_escapes`: the text has escapes of the form \uXXXX. Its strings are then checked, because
  // RapidJSON accepts the second half of a surrogate pair alone and decodes it to invalid UTF-8.
  Builder(rapidjson::Document& document, const ParseOptions& options, bool has_escapes)
      : document_(document), options_(options), has_escapes_(has_escapes) {
    levels_[0].selected = options.members;
  }

  bool is_too_deep() const { return depth_ > limits::kJsonDepth; }
  bool exceeds_max_values() const { return values_ > options_.max_values; }
  bool has_half_pair() const { return has_half_pair_; }

  // RapidJSON calls the following functions. It stops when one returns false, so it recurses no
  // deeper than open() allows.
  bool Null() {
    return leaf([this] { return document_.Null(); });
  }
  bool Bool(bool value) {
    return leaf([&] { return document_.Bool(value); });
  }
  bool RawNumber(const char* text, unsigned length, bool) {
    return leaf([&] { return number({text, length}); });
  }
  bool Int(int value) { return document_.Int(value); }
  bool Uint(unsigned value) { return document_.Uint(value); }
  bool Int64(std::int64_t value) { return document_.Int64(value); }
  bool Uint64(std::uint64_t value) { return document_.Uint64(value); }
  bool Double(double value) { return document_.Double(value); }
  bool String(const char* text, unsigned length, bool copy) {
    return is_whole({text, length}) && leaf([&] { return document_.String(text, length, copy); });
  }
  bool Key(const char* text, unsigned length, bool copy) {
    const std::string_view key(text, length);
    if (!is_whole(key)) return false;
    if (left_out_ != 0) return true;
    if (!select(key)) return true;
    after_managed_fields_ = !options_.managed_fields && key == kManagedFields;
    return document_.Key(text, length, copy);
  }
  bool StartObject() { return open(false) && (left_out_ != 0 || document_.StartObject()); }
  bool EndObject(unsigned) {
    const std::size_t depth = depth_--;
    return left_out_ == 0 ? document_.EndObject(levels_[depth].members) : closed(depth);
  }
  bool StartArray() {
    const bool is_managed_fields = after_managed_fields_;
    if (!open(true)) return false;
    if (left_out_ != 0) return true;
    if (!is_managed_fields) return document_.StartArray();
    left_out_ = depth_;
    return document_.Null();
  }
  bool EndArray(unsigned elements) {
    const std::size_t depth = depth_--;
    return left_out_ == 0 ? document_.EndArray(elements) : closed(depth);
  }

 private:
  static constexpr std::string_view kManagedFields = "managedFields";

  // An object or list that has begun and is kept.
  struct Level {
    std::span<const Selection> selected;  // empty: everything is kept
    bool is_list = true;
    unsigned members = 0;  // of an object: members that are kept
  };

  template <class Write>
  bool leaf(Write write) {
    after_managed_fields_ = false;
    const bool is_dropped = std::exchange(drops_next_, false) || left_out_ != 0;
    return is_dropped || (count() && write());
  }

  bool count() { return ++values_ <= options_.max_values; }

  bool open(bool is_list) {
    after_managed_fields_ = false;
    if (++depth_ > limits::kJsonDepth) return false;
    if (left_out_ != 0) return true;
    if (std::exchange(drops_next_, false)) {
      left_out_ = depth_;
      return true;
    }
    const Level& outer = levels_[depth_ - 1];
    levels_[depth_] = {outer.is_list ? outer.selected : next_, is_list, 0};
    return count();
  }

  // Called at the end of an object or list inside a dropped value. Stops dropping when the dropped
  // value itself ends.
  bool closed(std::size_t depth) {
    if (left_out_ == depth) left_out_ = 0;
    return true;
  }

  // Returns false when the member of this name must be dropped.
  bool select(std::string_view key) {
    Level& level = levels_[depth_];
    next_ = {};
    if (!level.selected.empty()) {
      const auto found = std::find_if(level.selected.begin(), level.selected.end(),
                                      [&](const Selection& one) { return one.name == key; });
      drops_next_ = found == level.selected.end();
      if (drops_next_) return false;
      next_ = found->members;
    }
    ++level.members;
    return true;
  }

  bool is_whole(std::string_view text) {
    has_half_pair_ = has_escapes_ && !base::is_utf8(text);
    return !has_half_pair_;
  }

  // Stores a number. Returns false when the number is too large.
  bool number(std::string_view text) {
    const char* const end = text.data() + text.size();
    std::int64_t integer = 0;
    const auto whole = std::from_chars(text.data(), end, integer);
    if (whole.ec == std::errc() && whole.ptr == end) return document_.Int64(integer);
    double number = 0;
    if (std::from_chars(text.data(), end, number).ec == std::errc::result_out_of_range) {
      number = std::strtod(std::string(text).c_str(),
                           nullptr);  // underflow: about 0; overflow: infinity
    }
    return std::isfinite(number) && document_.Double(number);
  }

  rapidjson::Document& document_;
  ParseOptions options_;
  bool has_escapes_;
  bool has_half_pair_ = false;
  bool after_managed_fields_ = false;
  std::size_t values_ = 0;
  std::size_t depth_ = 0;
  std::array<Level, limits::kJsonDepth + 1> levels_;  // by depth; the first holds the root
  std::span<const Selection> next_;                   // selection for the value of the next member
  bool drops_next_ = false;                           // the next value is dropped
  std::size_t left_out_ = 0;  // depth of the object or list that is left out; 0: none is
};

base::Error malformed(std::size_t offset, std::string_view what) {
  return {base::ErrorCode::kMalformed, fmt::format("JSON at byte {}: {}", offset, what)};
}

// Returns RapidJSON's message without its capital letter and its full stop, as a part of a longer
// message.
std::string parse_error(rapidjson::ParseErrorCode code) {
  std::string message = rapidjson::GetParseError_En(code);
  if (message.ends_with('.')) message.pop_back();
  if (!message.empty()) message.front() = base::lower(message.front());
  return message;
}

}  // namespace

std::string_view describe(Kind kind) {
  switch (kind) {
    case Kind::kNull: return "null";
    case Kind::kBool: return "a boolean";
    case Kind::kInteger: return "an integer";
    case Kind::kNumber: return "a number";
    case Kind::kString: return "a string";
    case Kind::kArray: return "a list";
    case Kind::kObject: return "an object";
  }
  return "nothing";
}

Kind View::kind() const {
  const rapidjson::Value& value = as_value(value_);
  switch (value.GetType()) {
    case rapidjson::kNullType: return Kind::kNull;
    case rapidjson::kFalseType:
    case rapidjson::kTrueType: return Kind::kBool;
    case rapidjson::kObjectType: return Kind::kObject;
    case rapidjson::kArrayType: return Kind::kArray;
    case rapidjson::kStringType: return Kind::kString;
    case rapidjson::kNumberType: return value.IsInt64() ? Kind::kInteger : Kind::kNumber;
  }
  return Kind::kNull;
}

bool View::boolean() const { return as_value(value_).GetBool(); }
std::int64_t View::integer() const { return as_value(value_).GetInt64(); }
double View::number() const { return as_value(value_).GetDouble(); }
std::string_view View::string() const { return view_of(as_value(value_)); }

std::size_t View::size() const {
  const rapidjson::Value& value = as_value(value_);
  if (value.IsArray()) return value.Size();
  if (value.IsObject()) return value.MemberCount();
  return 0;
}

View View::element(std::size_t index) const {
  return View(&as_value(value_)[static_cast<rapidjson::SizeType>(index)]);
}

Member View::member(std::size_t index) const {
  const auto& member = *(as_value(value_).MemberBegin() + static_cast<std::ptrdiff_t>(index));
  return {view_of(member.name), View(&member.value)};
}

std::optional<View> View::find(std::string_view name) const {
  const rapidjson::Value& value = as_value(value_);
  if (!value.IsObject()) return std::nullopt;
  for (auto member = value.MemberEnd(); member != value.MemberBegin();) {
    --member;
    if (view_of(member->name) == name) return View(&member->value);
  }
  return std::nullopt;
}

struct Document::Parsed {
  explicit Parsed(std::string given)
      : text(std::move(given)),
        allocator(std::clamp(2 * text.size(), kMinPiece, kMaxPiece)),
        document(&allocator) {
    text.append(kBytesAfterEnd, '\0');
  }

  std::string text;  // the strings of the document point into it
  rapidjson::MemoryPoolAllocator<> allocator;
  rapidjson::Document document;
};

Document::Document(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

base::Result<Document> Document::parse(std::string text, const ParseOptions& options) {
  if (const std::size_t bad = first_bad_byte(text); bad < text.size()) {
    return malformed(bad, "not UTF-8, or a control character");
  }
  const bool has_escapes = text.find("\\u") != std::string::npos;
  auto parsed = std::make_unique<Parsed>(std::move(text));
  constexpr unsigned kFlags = rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::Reader reader;
  Builder builder(parsed->document, options, has_escapes);
  const auto read = [&](rapidjson::Document&) {
    rapidjson::InsituStringStream stream(parsed->text.data());
    return !reader.Parse<kFlags>(stream, builder).IsError();
  };
  parsed->document.Populate(read);
  if (builder.is_too_deep()) {
    return base::Error{base::ErrorCode::kTooLarge,
                       fmt::format("the JSON is nested deeper than {} levels", limits::kJsonDepth)};
  }
  if (builder.exceeds_max_values()) {
    return base::Error{base::ErrorCode::kTooLarge,
                       fmt::format("the JSON has more than {} values", options.max_values)};
  }
  if (builder.has_half_pair()) {
    return malformed(reader.GetErrorOffset(), "half of a surrogate pair");
  }
  if (reader.HasParseError()) {
    return malformed(reader.GetErrorOffset(), parse_error(reader.GetParseErrorCode()));
  }
  return Document(std::move(parsed));
}

View Document::root() const {
  return View(static_cast<const rapidjson::Value*>(&parsed_->document));
}

}  // namespace json
