#include "json/value.h"

#include <fmt/core.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/limits.h"

namespace json {
namespace {

const rapidjson::Value& as_value(const void* value) {
  return *static_cast<const rapidjson::Value*>(value);
}

struct Shape {
  std::size_t deepest = 0;  // nesting
  std::size_t values = 1;   // at least as many as there are elements and members
};

// Of a text that need not be valid, strings aside.
Shape shape_of(std::string_view text) {
  Shape shape;
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char character = text[i];
    if (in_string) {
      if (character == '\\') ++i;
      if (character == '"') in_string = false;
      continue;
    }
    if (character == '"') in_string = true;
    const bool opens = character == '{' || character == '[';
    if (opens) shape.deepest = std::max(shape.deepest, ++depth);
    if (opens || character == ',') ++shape.values;
    if ((character == '}' || character == ']') && depth > 0) --depth;
  }
  return shape;
}

// RapidJSON 1.1 takes what should follow the first byte of a UTF-8 character before it looks at it,
// over the NUL at the end as well: so many bytes more.
constexpr std::size_t kBytesAfterNul = 3;

std::string_view view_of(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

// Builds a document of what RapidJSON reads, but for the numbers: by itself it does not read them
// to the last bit, and with kParseFullPrecisionFlag "0e1" is undefined behaviour.
class Builder {
 public:
  explicit Builder(rapidjson::Document& document) : document_(document) {}

  // Called by RapidJSON.
  bool Null() { return document_.Null(); }
  bool Bool(bool value) { return document_.Bool(value); }
  bool RawNumber(const char* text, unsigned length, bool) { return number({text, length}); }
  bool Int(int value) { return document_.Int(value); }
  bool Uint(unsigned value) { return document_.Uint(value); }
  bool Int64(std::int64_t value) { return document_.Int64(value); }
  bool Uint64(std::uint64_t value) { return document_.Uint64(value); }
  bool Double(double value) { return document_.Double(value); }
  bool String(const char* text, unsigned length, bool copy) {
    return document_.String(text, length, copy);
  }
  bool Key(const char* text, unsigned length, bool copy) {
    return document_.Key(text, length, copy);
  }
  bool StartObject() { return document_.StartObject(); }
  bool EndObject(unsigned members) { return document_.EndObject(members); }
  bool StartArray() { return document_.StartArray(); }
  bool EndArray(unsigned elements) { return document_.EndArray(elements); }

 private:
  // False when it is too large.
  bool number(std::string_view text) {
    const char* const end = text.data() + text.size();
    std::int64_t integer = 0;
    const auto whole = std::from_chars(text.data(), end, integer);
    if (whole.ec == std::errc() && whole.ptr == end) return document_.Int64(integer);
    double number = 0;
    if (std::from_chars(text.data(), end, number).ec == std::errc::result_out_of_range) {
      number = std::strtod(std::string(text).c_str(), nullptr);  // which tells small from large
    }
    return std::isfinite(number) && document_.Double(number);
  }

  rapidjson::Document& document_;
};

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
  const rapidjson::Value key(rapidjson::StringRef(name.data(), name.size()));
  const auto found = value.FindMember(key);
  if (found == value.MemberEnd()) return std::nullopt;
  return View(&found->value);
}

struct Document::Parsed {
  std::string text;  // the strings of the document point into it
  rapidjson::Document document;
};

Document::Document(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

base::Result<Document> Document::parse(std::string text, std::size_t most_values) {
  const Shape shape = shape_of(text);
  if (shape.deepest > limits::kJsonDepth) {
    return base::Error{base::ErrorCode::kTooLarge,
                       fmt::format("JSON nested deeper than {} levels", limits::kJsonDepth)};
  }
  if (shape.values > most_values) {
    return base::Error{base::ErrorCode::kTooLarge,
                       fmt::format("JSON of more than {} values", most_values)};
  }
  // A NUL would end the text for the in-place parser, and whatever follows it would be ignored.
  if (text.find('\0') != std::string::npos) {
    return base::Error{base::ErrorCode::kMalformed, "JSON with a NUL byte"};
  }
  auto parsed = std::make_unique<Parsed>();
  parsed->text = std::move(text);
  parsed->text.append(kBytesAfterNul, '\0');
  constexpr unsigned kFlags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::Reader reader;
  const auto read = [&](rapidjson::Document& document) {
    rapidjson::InsituStringStream stream(parsed->text.data());
    Builder builder(document);
    return !reader.Parse<kFlags>(stream, builder).IsError();
  };
  parsed->document.Populate(read);
  if (reader.HasParseError()) {
    return base::Error{base::ErrorCode::kMalformed,
                       fmt::format("JSON at byte {}: {}", reader.GetErrorOffset(),
                                   rapidjson::GetParseError_En(reader.GetParseErrorCode()))};
  }
  return Document(std::move(parsed));
}

View Document::root() const {
  return View(static_cast<const rapidjson::Value*>(&parsed_->document));
}

}  // namespace json
