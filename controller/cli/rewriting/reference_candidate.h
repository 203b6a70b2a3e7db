// These types hold the values of a text that may be references to declared images, until it is
// decided whether they are: a ReferenceCandidate is one value, a ReferenceMapping the values of one
// mapping. The types are plain values and can be used on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "json/text/scalars.h"

namespace cli {

// Warn reports a value that looks like a declared image and is left unchanged, or a rewritten value
// that may not be an image. `line`: counted from 1.
using Warn = std::function<void(std::uint64_t line, std::string message)>;

// ReferenceCandidate is a value that may be a reference, alone or together with another value of
// its mapping.
struct ReferenceCandidate {
  enum class Role { kComplete, kName, kValue, kRegistry, kRepository, kImage };

  Role role = Role::kComplete;
  std::string key;
  std::string text;  // the value, or the part of it that may be replaced
  // The text to replace `text` with if `text` alone names a declared image; else empty.
  std::string replacement;
  bool has_host = false;
  bool is_complete = false;         // it has a registry, a tag or a digest
  bool names_image = false;         // its key names an image
  bool parent_names_image = false;  // the key of its mapping names an image
  bool is_anchored = false;         // see json::Scalar
  std::string stem;                 // see ReferencePartKey
  std::uint64_t line = 0;
  std::uint64_t map = 0;              // number of its mapping (json::Nesting::map); 0: none
  std::optional<std::uint64_t> slot;  // in the EditQueue; ReferenceEditor::located() sets it
  json::ScalarLocation location;
};

// ReferenceMapping is what is known of a mapping whose end has not been reached.
struct ReferenceMapping {
  std::uint64_t map = 0;    // its number (json::Nesting::map)
  std::uint64_t first = 0;  // position of its first waiting candidate among all values
  std::vector<ReferenceCandidate> candidates;
  std::set<std::string> unknown_registries;  // stems of registries whose value is unknown
  std::set<std::string> other_repositories;  // stems of ReferencePart::kOtherRepository
  bool all_unknown = false;                  // the set is full: every registry is unknown
  bool has_merge = false;                    // an alias is merged into the mapping (<<)
  bool has_new_name = false;
  bool has_new_tag = false;          // newTag or digest of Kustomize
  bool is_local_registry = false;    // the mapping is a LocalRegistry: its values stay unchanged
  bool name_suggests_image = false;  // as in {name: RELATED_IMAGE_X, value: ...}
  bool name_suggests_part = false;   // as in {name: image.repository, value: ...}
  bool is_overdue = false;           // its candidates no longer wait for its end

  // Adds the stem of a registry whose value is unknown: it is an alias or contains a variable, or
  // was decided before the end of the mapping.
  void add_unknown(const std::string& stem) {
    add(unknown_registries, stem);
    all_unknown = unknown_registries.size() == kStems;
  }
  void add_other(const std::string& stem) { add(other_repositories, stem); }

 private:
  static constexpr std::size_t kStems = 64;  // maximum in each of the two sets

  static void add(std::set<std::string>& stems, const std::string& stem) {
    if (stems.size() < kStems) stems.insert(stem);
  }
};

}  // namespace cli
