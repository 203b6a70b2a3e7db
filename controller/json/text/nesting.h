// Nesting tracks the position of a parser in a YAML or JSON text: whether the next node is a value,
// the keys above the node, and the mapping that contains the node. Memory is bounded by
// limits::kScalarDepth. A Nesting is a value for one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace json {

class Nesting {
 public:
  // The following functions describe the next node.
  bool is_value() const;
  bool in_flow() const { return !levels_.empty() && levels_.back().flow; }
  std::string_view key() const;  // key of the current node, or of the list that holds it
  // Returns the key of the mapping that holds the node, or of the list that holds this mapping;
  // empty when there is none.
  std::string_view parent_key() const;
  // Returns whether `is_such` is true for a key on the path from the root to the node, including
  // the key of the node itself.
  bool any_key(const std::function<bool(std::string_view)>& is_such) const;
  // Returns the number of the mapping that directly holds the node; 0: no mapping does. The numbers
  // are unique, and an inner mapping has a larger number than the mappings around it.
  std::uint64_t map() const;
  // Returns the number of mappings entered so far, which is also the number of the latest mapping.
  std::uint64_t maps() const { return maps_; }
  // Returns whether the mapping that directly holds the node has an anchor.
  bool in_anchored_map() const { return !levels_.empty() && levels_.back().anchored_map; }

  // Enters a mapping or a sequence. Returns false when it would be nested too deeply. `flow`: it is
  // written in brackets. `anchored`: it has an anchor.
  bool open(bool mapping, bool flow, bool anchored = false);
  // Leaves the innermost mapping or sequence. Returns the number of that mapping, or 0 for a
  // sequence.
  std::uint64_t close();
  // Steps over a scalar, which may be the key of the next node, or over an alias, for which `text`
  // is empty.
  void leaf(std::string_view text);

 private:
  struct Level {
    bool mapping = false;
    bool flow = false;
    bool anchored_map = false;
    bool in_key = false;  // the whole level is part of a key
    bool at_key = false;  // of a mapping: the next node is a key
    std::string key;      // key of the next node
    std::uint64_t map = 0;
  };

  void node_done(std::string_view text);

  std::vector<Level> levels_;
  std::uint64_t maps_ = 0;  // mappings entered so far
};

}  // namespace json
