// This file converts YAML to JSON, for example kubeconfig files. It reads the core schema of
// YAML 1.2 with decimal numbers only, so `yes` and `on` are strings, unlike in kubectl (YAML 1.1).
// Bounds: limits::kYamlBytes and, with aliases expanded, limits::kYamlNodes and
// limits::kYamlExpandedBytes. The functions are pure and can be called on any thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace json {

// Returns the JSON text of the only document in the YAML text, or "null" when there is none.
// Returns kMalformed when the text is not valid, with line and column for a syntax error, or
// kTooLarge when it exceeds a bound.
base::Result<std::string> from_yaml(std::string_view yaml);

// Read a plain scalar by the core schema: whether it is null, and which boolean it is, if any.
bool is_null(std::string_view plain);
std::optional<bool> boolean_of(std::string_view plain);

// A position in a text. Line and column are counted from 1; columns are characters.
struct Position {
  std::size_t line = 0;
  std::size_t column = 0;

  bool operator==(const Position&) const = default;
};

// The positions of all elements, and of the keys of all members, of a text.
class Positions {
 public:
  void put(std::string_view path, Position position);

  // Returns the position of a path. If the text does not have the path, returns the position of its
  // nearest ancestor, or line 1, column 1. `path`: as json::Path writes it, "images.app.tags[0]" or
  // "images[app].tags[0]".
  Position find(std::string_view path) const;

  void put_written(std::string_view path, std::string_view text);

  // Returns the number or boolean at a path in its original notation, which JSON does not keep:
  // "1.10", "True". Does the same for an unquoted string that begins as a number does ("0x1388",
  // "5_000"), because YAML 1.1 may read it as a number. Returns null for any other value.
  const std::string* written(std::string_view path) const;

 private:
  std::map<std::string, Position, std::less<>> positions_;
  std::map<std::string, std::string, std::less<>> written_;
};

struct PositionedJson {
  std::string text;
  Positions positions;
};

// Converts a file that a person writes. Unlike from_yaml(), it also returns positions, applies
// merge keys (<<) as YAML 1.1 does, and refuses duplicate keys.
base::Result<PositionedJson> from_yaml_with_positions(std::string_view yaml);

}  // namespace json
