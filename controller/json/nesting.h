// Where in a YAML or JSON text a parser is: what is a value, and under which key. Memory is bounded
// by limits::kScalarDepth. A value; one thread at a time.
#pragma once

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

  // A mapping or sequence begins; false: that is too deep. flow: between brackets.
  bool open(bool mapping, bool flow);
  void close();
  // An alias (without a text), or a scalar, which may be the key of what follows.
  void leaf(std::string_view text);

 private:
  struct Level {
    bool mapping = false;
    bool flow = false;
    bool in_key = false;  // all of it is part of a key
    bool at_key = false;  // of a mapping: a key comes next
    std::string key;      // of what comes next
  };

  void node_done(std::string_view text);

  std::vector<Level> levels_;
};

}  // namespace json
