// Where in a YAML or JSON text a parser is: what is a value, under which keys, and in which
// mapping. Memory is bounded by limits::kScalarDepth. A value; one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace json {

class Nesting {
 public:
  // Of the node that comes next.
  bool is_value() const;
  bool in_flow() const { return !levels_.empty() && levels_.back().flow; }
  std::string_view key() const;  // its own, or that of the list it is in
  // The key of the mapping that holds it, or of the list that holds that one; empty: none.
  std::string_view parent_key() const;
  // Whether one of the keys on the way from the root to it, its own included, is such a key.
  bool any_key(const std::function<bool(std::string_view)>& is_such) const;
  // The number of the mapping that holds it directly; 0: none does. No two mappings share one, and
  // an inner one has a larger one than those around it.
  std::uint64_t map() const;

  // A mapping or sequence begins; false: that is too deep. flow: between brackets.
  bool open(bool mapping, bool flow);
  // The innermost one ends. Its number if it is a mapping, else 0.
  std::uint64_t close();
  // An alias (without a text), or a scalar, which may be the key of what follows.
  void leaf(std::string_view text);

 private:
  struct Level {
    bool mapping = false;
    bool flow = false;
    bool in_key = false;  // all of it is part of a key
    bool at_key = false;  // of a mapping: a key comes next
    std::string key;      // of what comes next
    std::uint64_t map = 0;
  };

  void node_done(std::string_view text);

  std::vector<Level> levels_;
  std::uint64_t maps_ = 0;  // so far
};

}  // namespace json
