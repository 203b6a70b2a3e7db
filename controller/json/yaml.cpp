#include "json/yaml.h"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <sstream>

#include "base/limits.h"
#include "json/value.h"
#include "json/writer.h"

namespace json {
namespace {

class TooLarge : public std::exception {};
class SecondDocument : public std::exception {};

// What the result may still grow by. A few aliases of something large expand to far more than the
// text that they stand in.
struct Budget {
  std::size_t values = limits::kYamlNodes;
  std::size_t bytes = limits::kYamlExpandedBytes;

  void take(std::size_t length) {
    if (values == 0 || length > bytes) throw TooLarge();
    --values;
    bytes -= length;
  }
};

// True for what is a string whatever it looks like: quoted ("!"), or with a tag that is not one of
// the core schema's other scalars.
bool is_string(const YAML::Node& node) {
  static constexpr std::string_view kCore = "tag:yaml.org,2002:";
  const std::string_view tag = node.Tag();
  if (tag.empty() || tag == "?") return false;
  if (!tag.starts_with(kCore)) return true;
  const std::string_view type = tag.substr(kCore.size());
  return type != "null" && type != "bool" && type != "int" && type != "float";
}

// Plain scalars by the core schema of YAML 1.2, with decimal numbers only.
void write_scalar(Writer& writer, const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (is_string(node)) return writer.string(text);
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return writer.null();
  }
  if (text == "true" || text == "True" || text == "TRUE") return writer.boolean(true);
  if (text == "false" || text == "False" || text == "FALSE") return writer.boolean(false);
  const bool plus = text.front() == '+';
  const char* begin = text.data() + (plus ? 1 : 0);
  const char* end = text.data() + text.size();
  const bool numeric = begin != end && ((*begin == '-' && !plus) || *begin == '.' ||
                                        (*begin >= '0' && *begin <= '9'));
  std::int64_t integer = 0;
  if (const auto [stop, failure] = std::from_chars(begin, end, integer);
      numeric && failure == std::errc() && stop == end) {
    return writer.integer(integer);
  }
  double number = 0;
  if (const auto [stop, failure] = std::from_chars(begin, end, number);
      numeric && failure == std::errc() && stop == end && std::isfinite(number)) {
    return writer.number(number);
  }
  writer.string(text);
}

std::string_view key_of(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  throw YAML::Exception(node.Mark(), "a key that is no scalar");
}

void write_node(Writer& writer, const YAML::Node& node, std::size_t depth, Budget& budget) {
  if (depth > limits::kJsonDepth) throw TooLarge();
  budget.take(node.IsScalar() ? node.Scalar().size() : 0);
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null: return writer.null();
    case YAML::NodeType::Scalar: return write_scalar(writer, node);
    case YAML::NodeType::Sequence: {
      writer.begin_array();
      for (const YAML::Node& element : node) write_node(writer, element, depth + 1, budget);
      return writer.end_array();
    }
    case YAML::NodeType::Map: {
      writer.begin_object();
      for (const auto& member : node) {
        const std::string_view key = key_of(member.first);
        budget.take(key.size());
        writer.key(key);
        write_node(writer, member.second, depth + 1, budget);
      }
      return writer.end_object();
    }
  }
}

// Sees whether a document says anything.
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

// YAML::LoadAll would do, but yaml-cpp 0.7 reads documents without end from a text that begins
// with a comma.
void refuse_second_document(const std::string& yaml) {
  constexpr int kDocuments = 4;  // further ones, that would have to be empty
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
          fmt::format("YAML of more than {} bytes, {} values or {} levels", limits::kYamlBytes,
                      limits::kYamlNodes, limits::kJsonDepth)};
}

}  // namespace

base::Result<std::string> from_yaml(std::string_view yaml) {
  if (yaml.size() > limits::kYamlBytes) return too_large();
  try {
    const std::string input(yaml);
    const YAML::Node node = YAML::Load(input);
    refuse_second_document(input);
    Writer writer;
    Budget budget;
    write_node(writer, node, 0, budget);
    std::string text = writer.take();
    // yaml-cpp lets through what is no UTF-8, and the writer writes what it is given.
    if (const auto checked = Document::parse(text); !checked) {
      return base::Error{base::ErrorCode::kMalformed, "YAML with text that is not UTF-8"};
    }
    return text;
  } catch (const TooLarge&) {
    return too_large();
  } catch (const SecondDocument&) {
    return base::Error{base::ErrorCode::kMalformed, "YAML with more than one document"};
  } catch (const YAML::Exception& exception) {
    return base::Error{base::ErrorCode::kMalformed,
                       fmt::format("YAML at line {}, column {}: {}", exception.mark.line + 1,
                                   exception.mark.column + 1, exception.msg)};
  }
}

}  // namespace json
