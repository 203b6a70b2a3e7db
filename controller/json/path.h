// A Path names a field in messages: "spec.ports[0].nodePort". Names and keys may come from
// untrusted input, so text() shortens them (base/text/quote.h). A Path refers to its parent, which
// must outlive the Path: both are local variables of a recursive function that walks a value. Only
// text() allocates.
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

  // Returns the path of the element that has this key in a keyed list or a map:
  // "containers[registry]".
  static Path element(const Path& parent, std::string_view key) {
    Path path(parent, key);
    path.is_key_ = true;
    return path;
  }

  std::string text() const;

 private:
  const Path* parent_ = nullptr;  // null for the root
  std::string_view name_ = {};
  std::size_t index_ = 0;
  bool is_key_ = false;
};

}  // namespace json
