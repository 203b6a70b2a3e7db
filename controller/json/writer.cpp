#include "json/writer.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <charconv>
#include <limits>

namespace json {
namespace {

// True for the characters that must be escaped.
constexpr std::array<bool, 256> kEscaped = [] {
  std::array<bool, 256> escaped = {};
  for (std::size_t control = 0; control < ' '; ++control) escaped[control] = true;
  escaped['"'] = escaped['\\'] = true;
  return escaped;
}();

bool is_plain(std::string_view text) {
  bool escaped = false;
  for (const char character : text) escaped |= kEscaped[static_cast<unsigned char>(character)];
  return !escaped;
}

// Appends one value as RapidJSON writes it: a string with escapes, or a number that parses to the
// same double.
template <class Write>
void append_by_library(std::string& text, Write write) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  write(writer);
  text.append(buffer.GetString(), buffer.GetSize());
}

}  // namespace

void Writer::begin(char bracket) {
  separate();
  text_ += bracket;
  first_ = true;
}

void Writer::end(char bracket) {
  text_ += bracket;
  first_ = false;
}

void Writer::separate() {
  if (!first_) text_ += ',';
  first_ = false;
}

// Writes a string in quotes. A string without characters to escape is copied as a whole: RapidJSON
// writes character by character, which took an eighth of a reconcile's instructions.
void Writer::quote(std::string_view value) {
  if (!is_plain(value)) {
    append_by_library(text_, [&](auto& writer) {
      writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    });
    return;
  }
  text_ += '"';
  text_ += value;
  text_ += '"';
}

void Writer::key(std::string_view name) {
  separate();
  quote(name);
  text_ += ':';
  first_ = true;
}

void Writer::string(std::string_view value) {
  separate();
  quote(value);
}

void Writer::integer(std::int64_t value) {
  std::array<char, std::numeric_limits<std::int64_t>::digits10 + 2> digits{};
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), value);
  raw({digits.begin(), end});
}

void Writer::number(double value) {
  separate();
  append_by_library(text_, [&](auto& writer) { writer.Double(value); });
}

void Writer::raw(std::string_view text) {
  separate();
  text_ += text;
}

}  // namespace json
