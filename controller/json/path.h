// The way to a field, for messages: "spec.ports[0].nodePort". Names and keys may come from
// outside, so they are shortened (base/quote.h). Lives on the stack of who walks;
// nothing is allocated until a message is needed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace json {

class Path {
 public:
  Path() = default;
  Path(const Path& parent, std::string_view name) : parent_(&parent), name_(name) {}
  Path(const Path& parent, std::size_t index) : parent_(&parent), index_(index) {}

  // An element of a keyed list or a map, told by its key: "containers[registry]".
  static Path element(const Path& parent, std::string_view key) {
    Path path(parent, key);
    path.is_key_ = true;
    return path;
  }

  std::string text() const;

 private:
  const Path* parent_ = nullptr;  // none: the root
  std::string_view name_ = {};
  std::size_t index_ = 0;
  bool is_key_ = false;
};

}  // namespace json
