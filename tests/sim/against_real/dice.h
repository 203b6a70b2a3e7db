// Dice draws the random parts of a sequence: choices, the types that requests are about, and the
// few names that objects have. make_sequence() owns it; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/random.h"

namespace against_real {

struct Type {
  std::string_view kind;
  std::string_view version;  // as in apiVersion
  std::string_view path;     // up to the plural, with @ns@
  std::string_view spec;     // of a small valid object; empty if the type needs none

  std::string one(std::string_view name) const {
    return std::string(path) + "/" + std::string(name);
  }
};

const Type& type_of(std::string_view kind);

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed), max_drawn_(draw_child()) {}

  // Returns a number from [low, high], uniformly.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return random_.between(low, high);
  }
  bool chance(int percent);
  std::string pick(std::initializer_list<const char*> options);

  const Type& any_type();
  const Type& child();  // a type that the operator creates, mostly the same one in a sequence

  // The names are few, so that requests often meet existing objects.
  std::string child_name();
  std::string name_for(const Type& type);

 private:
  std::size_t draw_child();

  base::Random random_;
  std::size_t max_drawn_;
};

}  // namespace against_real
