// Target is the parsed path and query of a request. The types are plain values and can be used on
// any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/resources.h"

namespace sim {

struct Target {
  const Resource* resource = nullptr;
  std::string namespace_name;  // empty: all namespaces, or a cluster-scoped type
  std::string name;            // empty: the collection
  std::string subresource;     // "status", "finalize", "binding" or empty
  std::vector<std::pair<std::string, std::string>> query;

  std::string_view parameter(std::string_view name) const;  // empty if it is not given
  bool has(std::string_view name) const;
};

// True if the path belongs to a group and version that is served.
bool is_known_group(std::string_view target);

// Parses path and query; nullopt if the server has no such path.
std::optional<Target> parse_target(std::string_view target);

// A label or field selector: conditions joined by commas, all of which must match.
class Selector {
 public:
  // Parses a selector; nullopt if the text is malformed.
  static std::optional<Selector> labels(std::string_view text);
  static std::optional<Selector> fields(std::string_view text);

  bool empty() const { return terms_.empty(); }
  bool matches(const Value& object) const;

 private:
  enum class Operation { kEquals, kDiffers, kIn, kNotIn, kExists, kAbsent };
  struct Term {
    std::string key;
    Operation operation;
    std::vector<std::string> values;
  };

  static std::optional<Term> term(std::string_view text);
  static std::optional<std::string> value_of(const Value& object, const std::string& key,
                                             bool labels);

  std::vector<Term> terms_;
  bool labels_ = true;
};

}  // namespace sim
