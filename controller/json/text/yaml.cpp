#include "json/text/yaml.h"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <set>
#include <sstream>
#include <vector>

#include "base/limits.h"
#include "base/text/quote.h"
#include "base/text/text.h"
#include "json/path.h"
#include "json/text/scalars.h"
#include "json/text/text_check.h"
#include "json/value.h"
#include "json/writer.h"

namespace json {
namespace {

class TooLarge : public std::exception {};
class SecondDocument : public std::exception {};

// A Budget counts how many values and bytes the result may still take. The size of the text alone
// does not bound the result, because a few aliases of a large node expand to far more than the
// text.
struct Budget {
  std::size_t values = limits::kYamlNodes;
  std::size_t bytes = limits::kYamlExpandedBytes;

  void take(std::size_t length) {
    if (values == 0 || length > bytes) throw TooLarge();
    --values;
    bytes -= length;
  }
};

// Returns true when the scalar is a string, whatever its text is: because it is quoted (yaml-cpp
// reports the tag "!"), or because its tag is not null, bool, int or float of the core schema.
bool is_string(const YAML::Node& node) {
  static constexpr std::string_view kCore = "tag:yaml.org,2002:";
  const std::string_view tag = node.Tag();
  if (tag.empty() || tag == "?") return false;
  if (!tag.starts_with(kCore)) return true;
  const std::string_view type = tag.substr(kCore.size());
  return type != "null" && type != "bool" && type != "int" && type != "float";
}

// Writes a scalar as JSON. An unquoted scalar is read by the core schema of YAML 1.2, with decimal
// numbers only. Returns true for a number, a boolean, or an unquoted string that begins as a number
// does.
bool write_scalar(Writer& writer, const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (is_string(node)) {
    writer.string(text);
    return false;
  }
  if (is_null(text)) {
    writer.null();
    return false;
  }
  if (const auto boolean = boolean_of(text)) {
    writer.boolean(*boolean);
    return true;
  }
  const bool plus = text.front() == '+';
  const char* begin = text.data() + (plus ? 1 : 0);
  const char* end = text.data() + text.size();
  const bool numeric =
      begin != end && ((*begin == '-' && !plus) || *begin == '.' || base::is_digit(*begin));
  std::int64_t integer = 0;
  if (const auto [stop, failure] = std::from_chars(begin, end, integer);
      numeric && failure == std::errc() && stop == end) {
    writer.integer(integer);
    return true;
  }
  double number = 0;
  if (const auto [stop, failure] = std::from_chars(begin, end, number);
      numeric && failure == std::errc() && stop == end && std::isfinite(number)) {
    writer.number(number);
    return true;
  }
  writer.string(text);
  return numeric;
}

std::string_view key_of(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  throw YAML::Exception(node.Mark(), "a key must be a scalar");
}

// Returns the path with dots in place of brackets, so that "tags[0]" and "tags.0" are one path.
std::string normalized(std::string_view path) {
  std::string text;
  text.reserve(path.size());
  for (const char c : path) {
    if (c != ']') text += c == '[' ? '.' : c;
  }
  return text;
}

Position position_of(const YAML::Mark& mark) {
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

struct YamlMember {
  std::string_view key;
  YAML::Node key_node;
  YAML::Node value;
};

// A Reader converts YAML nodes to JSON. With `positions`, it also refuses duplicate keys and
// applies merge keys (<<).
class Reader {
 public:
  Reader(Writer& writer, Positions* positions) : writer_(writer), positions_(positions) {}

  void read(const YAML::Node& node, const Path& path, std::size_t depth) {
    if (depth > limits::kJsonDepth) throw TooLarge();
    budget_.take(node.IsScalar() ? node.Scalar().size() : 0);
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null: return writer_.null();
      case YAML::NodeType::Scalar:
        if (write_scalar(writer_, node) && positions_ != nullptr) {
          budget_.take(node.Scalar().size());
          positions_->put_written(path.text(), node.Scalar());
        }
        return;
      case YAML::NodeType::Sequence: return read_sequence(node, path, depth);
      case YAML::NodeType::Map: return read_map(node, path, depth);
    }
  }

 private:
  void read_sequence(const YAML::Node& node, const Path& path, std::size_t depth) {
    writer_.begin_array();
    std::size_t index = 0;
    for (const YAML::Node& element : node) {
      const Path inner(path, index++);
      remember(inner, element);
      read(element, inner, depth + 1);
    }
    writer_.end_array();
  }

  void read_map(const YAML::Node& node, const Path& path, std::size_t depth) {
    writer_.begin_object();
    if (positions_ == nullptr) {
      for (const auto& member : node) {
        read_member({key_of(member.first), member.first, member.second}, path, depth);
      }
    } else {
      std::vector<YamlMember> members;
      collect(node, members, depth);
      for (const YamlMember& member : members) read_member(member, path, depth);
    }
    writer_.end_object();
  }

  void read_member(const YamlMember& member, const Path& path, std::size_t depth) {
    budget_.take(member.key.size());
    writer_.key(member.key);
    const Path inner(path, member.key);
    remember(inner, member.key_node);
    read(member.value, inner, depth + 1);
  }

  // Appends the members of the map, then the members that its merge keys (<<) add. A key that is
  // already in `members` is not added again.
  void collect(const YAML::Node& node, std::vector<YamlMember>& members, std::size_t depth) {
    if (depth > limits::kJsonDepth) throw TooLarge();
    std::set<std::string_view> known;
    for (const YamlMember& member : members) known.insert(member.key);
    std::set<std::string_view> own;
    std::vector<YAML::Node> merged;
    for (const auto& member : node) {
      budget_.take(0);
      const std::string_view key = key_of(member.first);
      if (!own.insert(key).second) {
        throw YAML::Exception(member.first.Mark(),
                              fmt::format("duplicate key {}", base::shown(key)));
      }
      if (key == "<<" && member.first.Tag() == "?") {
        merged.push_back(member.second);
      } else if (!known.contains(key)) {
        members.push_back({key, member.first, member.second});
      }
    }
    for (const YAML::Node& source : merged) merge(source, members, depth + 1);
  }

  void merge(const YAML::Node& source, std::vector<YamlMember>& members, std::size_t depth) {
    if (source.IsMap()) return collect(source, members, depth);
    if (!source.IsSequence()) throw YAML::Exception(source.Mark(), "the value of << must be a map");
    for (const YAML::Node& one : source) {
      if (!one.IsMap()) throw YAML::Exception(one.Mark(), "the value of << must be a map");
      collect(one, members, depth);
    }
  }

  void remember(const Path& path, const YAML::Node& node) {
    if (positions_ == nullptr) return;
    const std::string text = path.text();
    budget_.take(text.size());
    positions_->put(text, position_of(node.Mark()));
  }

  Writer& writer_;
  Positions* positions_;
  Budget budget_;
};

// A Content detects whether a document has any content other than null.
class Content final : public YAML::EventHandler {
 public:
  bool found() const { return found_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override { found_ = true; }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {
    found_ = true;
  }
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    found_ = true;
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    found_ = true;
  }
  void OnMapEnd() override {}

 private:
  bool found_ = false;
};

// Throws SecondDocument when content follows the first document. YAML::LoadAll cannot be used:
// yaml-cpp 0.7 returns an endless series of documents for a text that begins with a comma.
void refuse_second_document(const std::string& yaml) {
  constexpr int kDocuments = 4;  // this many more documents are refused even if empty
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  Content first;
  Content others;
  if (!parser.HandleNextDocument(first)) return;
  for (int i = 0; i < kDocuments; ++i) {
    if (!parser.HandleNextDocument(others)) return;
    if (others.found()) break;
  }
  throw SecondDocument();
}

base::Error too_large() {
  return {base::ErrorCode::kTooLarge,
          fmt::format("the YAML has more than {} bytes, {} values or {} levels", limits::kYamlBytes,
                      limits::kYamlNodes, limits::kJsonDepth)};
}

class NoScalars final : public ScalarVisitor {
 public:
  std::size_t value(const Scalar&) override { return 0; }
  base::Result<void> located(ScalarLocation) override { return {}; }
  void alias(const Scalar&) override {}
  base::Result<void> end_of_map(std::uint64_t) override { return {}; }
};

// Refuses a text with a quote that is never closed, as kubectl does. Only libyaml detects it:
// yaml-cpp would read the quoted text up to the end of the file and lose the members in it.
base::Result<void> refuse_open_quote(std::string_view yaml) {
  TextSource source(yaml);
  NoScalars visitor;
  auto scanned = scan_yaml(source, visitor);
  const bool is_open = !scanned && scanned.error().code == base::ErrorCode::kMalformed &&
                       scanned.error().message.find("end of stream") != std::string::npos;
  if (is_open) return scanned.error();
  return {};
}

base::Result<std::string> read(std::string_view yaml, Positions* positions) {
  if (yaml.size() > limits::kYamlBytes) return too_large();
  if (const auto closed = refuse_open_quote(yaml); !closed) return closed.error();
  try {
    const std::string input(yaml);
    const YAML::Node node = YAML::Load(input);
    refuse_second_document(input);
    Writer writer;
    Reader(writer, positions).read(node, Path(), 0);
    std::string text = writer.take();
    // Neither yaml-cpp nor the Writer refuses invalid UTF-8. Document::parse does.
    if (const auto checked = Document::parse(text); !checked) {
      return base::Error{base::ErrorCode::kMalformed, "the YAML contains text that is not UTF-8"};
    }
    return text;
  } catch (const TooLarge&) {
    return too_large();
  } catch (const SecondDocument&) {
    return base::Error{base::ErrorCode::kMalformed, "the YAML has more than one document"};
  } catch (const YAML::Exception& exception) {
    const Position position = position_of(exception.mark);
    return error_at(base::ErrorCode::kMalformed, position.line, position.column,
                    base::reported(exception.msg));
  }
}

}  // namespace

bool is_null(std::string_view plain) {
  return plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL";
}

std::optional<bool> boolean_of(std::string_view plain) {
  if (plain == "true" || plain == "True" || plain == "TRUE") return true;
  if (plain == "false" || plain == "False" || plain == "FALSE") return false;
  return std::nullopt;
}

void Positions::put(std::string_view path, Position position) {
  positions_.emplace(normalized(path), position);
}

Position Positions::find(std::string_view path) const {
  for (std::string text = normalized(path); !text.empty();) {
    if (const auto found = positions_.find(text); found != positions_.end()) return found->second;
    const std::size_t dot = text.rfind('.');
    text.resize(dot == std::string::npos ? 0 : dot);
  }
  return {1, 1};
}

void Positions::put_written(std::string_view path, std::string_view text) {
  written_.emplace(normalized(path), text);
}

const std::string* Positions::written(std::string_view path) const {
  const auto found = written_.find(normalized(path));
  return found == written_.end() ? nullptr : &found->second;
}

base::Result<std::string> from_yaml(std::string_view yaml) { return read(yaml, nullptr); }

base::Result<PositionedJson> from_yaml_with_positions(std::string_view yaml) {
  PositionedJson result;
  auto text = read(yaml, &result.positions);
  if (!text) return text.error();
  result.text = *std::move(text);
  return result;
}

}  // namespace json
