#include "json/format.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <yaml-cpp/emitter.h>

#include <algorithm>
#include <string>

#include "base/text/text.h"
#include "json/path.h"
#include "json/raw.h"

namespace json {
namespace {

constexpr unsigned kIndent = 4;

// Words that YAML 1.1 reads as a boolean or as null, in lower case.
constexpr std::string_view kWords[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};

using PrettyWriter = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

rapidjson::SizeType size_of(std::string_view text) {
  return static_cast<rapidjson::SizeType>(text.size());
}

// Returns true for a binary quantity such as "5Gi". It begins like a number, but no version of YAML
// reads it as a number.
bool is_binary_quantity(std::string_view text) {
  constexpr std::string_view kUnits = "KMGTPE";
  if (text.size() < 3 || text.back() != 'i') return false;
  if (kUnits.find(text[text.size() - 2]) == std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end() - 2, base::is_digit);
}

// Returns whether the text needs no quotes. The check is stricter than YAML, because quoting is
// always correct.
bool is_plain(std::string_view text) {
  if (is_binary_quantity(text)) return true;
  if (text.empty() || !(base::is_letter(text.front()) || text.front() == '/')) return false;
  const auto is_inner = [](char c) {
    return base::is_alphanumeric(c) || std::string_view("._/-+@:").find(c) != std::string::npos;
  };
  if (!std::all_of(text.begin(), text.end(), is_inner) || text.back() == ':') return false;
  const std::string lower = base::lower(std::string(text));
  return !base::is_one_of(lower, kWords);
}

void write_pretty(PrettyWriter& writer, View value, const Path& path, std::string_view hidden) {
  switch (value.kind()) {
    case Kind::kNull: writer.Null(); return;
    case Kind::kBool: writer.Bool(value.boolean()); return;
    case Kind::kInteger: writer.Int64(value.integer()); return;
    case Kind::kNumber: writer.Double(value.number()); return;
    case Kind::kString: writer.String(value.string().data(), size_of(value.string())); return;
    case Kind::kArray:
      writer.StartArray();
      for (std::size_t i = 0; i < value.size(); ++i) {
        write_pretty(writer, value.element(i), Path(path, i), hidden);
      }
      writer.EndArray();
      return;
    case Kind::kObject:
      writer.StartObject();
      for (std::size_t i = 0; i < value.size(); ++i) {
        const Member member = value.member(i);
        const Path inner(path, member.name);
        if (!hidden.empty() && inner.text() == hidden) continue;
        writer.Key(member.name.data(), size_of(member.name));
        write_pretty(writer, member.value, inner, hidden);
      }
      writer.EndObject();
      return;
  }
}

void write_text(YAML::Emitter& emitter, std::string_view text) {
  if (!is_plain(text)) emitter << YAML::DoubleQuoted;
  emitter << std::string(text);
}

// Writes a key. A long key gets the explicit notation ("? key"), because an implicit key may have
// at most 1024 characters (YAML 1.2, section 8.2.2). In quotes, each byte of a key may take ten
// characters.
void write_key(YAML::Emitter& emitter, std::string_view name) {
  constexpr std::size_t kPlain = 1000;
  constexpr std::size_t kQuoted = 100;
  if (name.size() > (is_plain(name) ? kPlain : kQuoted)) emitter << YAML::LongKey;
  emitter << YAML::Key;
  write_text(emitter, name);
}

void write_yaml(YAML::Emitter& emitter, View value, const Path& path, std::string_view hidden) {
  switch (value.kind()) {
    case Kind::kNull: emitter << YAML::Null; return;
    case Kind::kBool: emitter << value.boolean(); return;
    case Kind::kInteger: emitter << value.integer(); return;
    case Kind::kNumber: emitter << canonical(value); return;
    case Kind::kString: write_text(emitter, value.string()); return;
    case Kind::kArray:
      if (value.size() == 0) emitter << YAML::Flow;
      emitter << YAML::BeginSeq;
      for (std::size_t i = 0; i < value.size(); ++i) {
        write_yaml(emitter, value.element(i), Path(path, i), hidden);
      }
      emitter << YAML::EndSeq;
      return;
    case Kind::kObject:
      if (value.size() == 0) emitter << YAML::Flow;
      emitter << YAML::BeginMap;
      for (std::size_t i = 0; i < value.size(); ++i) {
        const Member member = value.member(i);
        const Path inner(path, member.name);
        if (!hidden.empty() && inner.text() == hidden) continue;
        write_key(emitter, member.name);
        emitter << YAML::Value;
        write_yaml(emitter, member.value, inner, hidden);
      }
      emitter << YAML::EndMap;
      return;
  }
}

}  // namespace

std::string pretty(View value, std::string_view hidden) {
  rapidjson::StringBuffer buffer;
  PrettyWriter writer(buffer);
  writer.SetIndent(' ', kIndent);
  write_pretty(writer, value, Path(), hidden);
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

std::string to_yaml(View value, std::string_view hidden) {
  YAML::Emitter emitter;
  emitter.SetNullFormat(YAML::LowerNull);
  write_yaml(emitter, value, Path(), hidden);
  return std::string(emitter.c_str(), emitter.size()) + "\n";
}

}  // namespace json
