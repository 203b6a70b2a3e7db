#include "json/yaml.h"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>

#include "base/limits.h"
#include "json/writer.h"

namespace json {
namespace {

class TooLarge : public std::exception {};

// Plain scalars by the core schema of YAML 1.2; whatever is quoted or tagged as such is a string.
void write_scalar(Writer& writer, const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() != "?" && node.Tag() != "") return writer.string(text);
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return writer.null();
  }
  if (text == "true" || text == "True" || text == "TRUE") return writer.boolean(true);
  if (text == "false" || text == "False" || text == "FALSE") return writer.boolean(false);
  const char* begin = text.data() + (text.front() == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  const bool numeric =
      begin != end && (*begin == '-' || *begin == '.' || (*begin >= '0' && *begin <= '9'));
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

void write_node(Writer& writer, const YAML::Node& node, std::size_t depth, std::size_t& budget) {
  if (depth > limits::kJsonDepth || budget == 0) throw TooLarge();
  --budget;
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
        writer.key(member.first.Scalar());
        write_node(writer, member.second, depth + 1, budget);
      }
      return writer.end_object();
    }
  }
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
    const YAML::Node node = YAML::Load(std::string(yaml));
    Writer writer;
    std::size_t budget = limits::kYamlNodes;
    write_node(writer, node, 0, budget);
    return writer.take();
  } catch (const TooLarge&) {
    return too_large();
  } catch (const YAML::Exception& exception) {
    return base::Error{base::ErrorCode::kMalformed,
                       fmt::format("YAML at line {}, column {}: {}", exception.mark.line + 1,
                                   exception.mark.column + 1, exception.msg)};
  }
}

}  // namespace json
