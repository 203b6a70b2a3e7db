// YAML to JSON: kubeconfig files, test cases. The core schema of YAML 1.2 with decimal numbers, so
// unlike in kubectl (YAML 1.1) `yes` and `on` are strings. Bounds: limits::kYamlBytes and, with
// aliases expanded, limits::kYamlNodes and limits::kYamlExpandedBytes. Pure; any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace json {

// The JSON text of the only document in the YAML text ("null" when there is none).
// kMalformed with line and column, or kTooLarge.
base::Result<std::string> from_yaml(std::string_view yaml);

// Where something stands in a text, both counted from 1; columns are characters.
struct Position {
  std::size_t line = 0;
  std::size_t column = 0;

  bool operator==(const Position&) const = default;
};

// Where each member (its key) and each element of a text stands.
class Positions {
 public:
  void put(std::string_view path, Position position);

  // path as json::Path writes it, "images.app.tags[0]" or "images[app].tags[0]". Of a path that is
  // not in the text: where the nearest one around it stands, else the beginning.
  Position find(std::string_view path) const;

  void put_written(std::string_view path, std::string_view text);

  // The number or boolean there as it was written, which JSON does not keep: "1.10", "True". Null:
  // there is none.
  const std::string* written(std::string_view path) const;

 private:
  std::map<std::string, Position, std::less<>> positions_;
  std::map<std::string, std::string, std::less<>> written_;
};

struct PositionedJson {
  std::string text;
  Positions positions;
};

// As from_yaml, for a file that a person wrote: tells where everything stands, merges what the key
// << names as YAML 1.1 does, and refuses a key that is there twice.
base::Result<PositionedJson> from_yaml_with_positions(std::string_view yaml);

}  // namespace json
