// What the steps of a sequence are drawn with: one source of randomness, the types that requests
// are about and the few names that they use. One owner, make_sequence; one thread.
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
  std::string_view spec;     // of a small valid object; empty: the type needs none

  std::string one(std::string_view name) const {
    return std::string(path) + "/" + std::string(name);
  }
};

const Type& type_of(std::string_view kind);

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed), most_drawn_(draw_child()) {}

  // Uniform in [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return random_.between(low, high);
  }
  bool chance(int percent);
  std::string pick(std::initializer_list<const char*> options);

  const Type& any_type();
  const Type& child();  // one of what the operator makes; in each sequence mostly the same one

  // Few names, so that requests meet each other's objects.
  std::string child_name();
  std::string name_for(const Type& type);

 private:
  std::size_t draw_child();

  base::Random random_;
  std::size_t most_drawn_;
};

}  // namespace against_real
