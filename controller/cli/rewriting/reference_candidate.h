// These types hold the values of a text that may be references to declared images, until they are
// decided: a ReferenceCandidate is one value, a ReferenceMapping the values of one mapping. Values;
// any thread.
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

// Reports a value that looks like a declared image and is left unchanged, or a rewritten value that
// may not be an image. `line` counts from 1.
using Warn = std::function<void(std::uint64_t line, std::string message)>;

// A value that may be a reference, alone or together with another value of its mapping.
struct ReferenceCandidate {
  enum class Role { kComplete, kName, kValue, kRegistry, kRepository, kImage };

  Role role = Role::kComplete;
  std::string key;
  std::string text;  // the value, or the part of it that may be replaced
  // Replaces `text` if that alone is a declared image; else empty.
  std::string replacement;
  bool has_host = false;
  bool is_complete = false;         // it has a registry, a tag or a digest
  bool names_image = false;         // its key says that it is an image
  bool parent_names_image = false;  // the key of its mapping says so
  bool is_anchored = false;         // see json::Scalar
  std::string stem;                 // see ReferencePartKey
  std::uint64_t line = 0;
  std::uint64_t map = 0;               // number of the mapping that holds it; 0: none
  std::optional<std::uint64_t> place;  // its place in the EditQueue, set by located()
  json::ScalarLocation location;
};

// The state of a mapping that has not ended yet.
struct ReferenceMapping {
  std::uint64_t map = 0;
  std::uint64_t first = 0;  // number of the value that waits longest
  std::vector<ReferenceCandidate> candidates;
  std::set<std::string> unknown_registries;  // stems of registries without a known value
  std::set<std::string> other_repositories;  // stems of ReferencePart::kOtherRepository
  bool all_unknown = false;                  // more stems than are kept: all count as unknown
  bool has_merge = false;                    // an alias is merged into the mapping (<<)
  bool has_new_name = false;
  bool has_new_tag = false;        // newTag or digest of Kustomize
  bool is_local_registry = false;  // its values declare images and stay unchanged
  bool name_says_image = false;    // as in {name: RELATED_IMAGE_X, value: ...}
  bool name_says_part = false;     // as in {name: image.repository, value: ...}
  bool is_overdue = false;         // candidates no longer wait for its end

  // Adds the stem of a registry without a known value.
  void add_unknown(const std::string& stem) {
    add(unknown_registries, stem);
    all_unknown = unknown_registries.size() == kStems;
  }
  void add_other(const std::string& stem) { add(other_repositories, stem); }

 private:
  static constexpr std::size_t kStems = 64;  // kept of one mapping

  static void add(std::set<std::string>& stems, const std::string& stem) {
    if (stems.size() < kStems) stems.insert(stem);
  }
};

}  // namespace cli
