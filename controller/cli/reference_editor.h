// Decides which values of a text are references to declared images, and what is written instead:
// the rule "Files" of the README. A decision may need another value of the same mapping, such as
// registry and repository; edits wait for it, in the order of the text. Memory is bounded by
// limits::kRewriteSiblingValues. One thread; used for one text.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/image_rewriter.h"
#include "cli/image_keys.h"
#include "json/scalars.h"

namespace cli {

using Emit = std::function<base::Result<void>(json::Edit)>;

// A value that looks like a declared image and is unchanged, or may be none and is rewritten.
using Warn = std::function<void(std::uint64_t line, std::string message)>;

class ReferenceEditor final : public json::ScalarVisitor {
 public:
  // The rewriter outlives this. emit gets the edits in the order of the text.
  ReferenceEditor(const api::ImageRewriter& rewriter, Emit emit, Warn warn);

  std::size_t value(const json::Scalar& scalar) override;
  base::Result<void> place(json::Place place) override;
  void alias(const json::Scalar& scalar) override;
  base::Result<void> end_of_map(std::uint64_t map) override;

  // The text has ended.
  base::Result<void> finish() { return flush(); }

 private:
  // An edit that is made, not made, or not decided yet.
  struct Slot {
    bool decided = false;
    std::optional<json::Edit> edit;
  };

  // A value that is, on its own or with another one, a reference.
  struct Candidate {
    enum class Role { kComplete, kName, kValue, kRegistry, kRepository, kImage };

    Role role = Role::kComplete;
    std::string key;
    std::string text;         // the value, or the part of it that may be replaced
    std::string replacement;  // of the text, when it is a declared image on its own; else empty
    bool has_host = false;
    bool is_complete = false;         // it has a registry, a tag or a digest
    bool names_image = false;         // its key does
    bool parent_names_image = false;  // the key of its mapping does
    std::string stem;                 // see HalfKey
    std::uint64_t line = 0;
    std::uint64_t map = 0;              // that holds it; 0: none does
    std::optional<std::uint64_t> slot;  // once it has a place
    json::Place place;
  };

  // Those of one mapping that are one reference together.
  struct Halves {
    const Candidate* registry = nullptr;
    std::vector<const Candidate*> paths;
  };

  // What is known of a mapping that has not ended.
  struct Mapping {
    std::uint64_t map = 0;
    std::uint64_t first = 0;  // number of the value that has waited longest
    std::vector<Candidate> candidates;
    std::set<std::string> unknown_registries;  // stems: a variable or an alias
    bool all_unknown = false;                  // there are too many of them
    bool has_merge = false;                    // of a mapping that an alias names
    bool has_new_name = false;
    bool is_local_registry = false;  // declares images, and is not to name others
    bool name_says_image = false;    // as in {name: RELATED_IMAGE_X, value: ...}
    bool is_given_up = false;        // nothing waits for its end
  };

  Mapping* find(std::uint64_t map);
  Mapping& at(std::uint64_t map);
  void note_siblings(const json::Scalar& scalar);
  static void add_unknown(Mapping& mapping, const std::string& stem);
  void give_up_old();

  std::optional<Candidate> candidate(const json::Scalar& scalar);
  std::optional<Candidate> registry_candidate(const json::Scalar& scalar, const Candidate& found);
  bool take_template(const json::Scalar& scalar, Candidate& found);
  std::optional<Candidate> with_role(const json::Scalar& scalar, Half half, Candidate found);
  void warn_of_embedded(const json::Scalar& scalar);

  void settle(Mapping& mapping);
  void settle_name(const Mapping& mapping, const Candidate& name,
                   std::map<std::string, Halves>& halves);
  void settle_halves(Mapping& mapping, const std::string& stem, const Halves& halves);
  void settle_alone(const Candidate& candidate);
  void settle_lone_registry(const Candidate& registry);
  void settle_pair(const Candidate& registry, const std::vector<const Candidate*>& paths);

  void leave_without_registry(const Candidate& path);
  void leave_bare(const Candidate& candidate);
  void leave(const Candidate& candidate, const std::string& why);
  void replace(const Candidate& candidate, const std::string& word);
  void decide(const Candidate& candidate);
  base::Result<void> flush();

  const api::ImageRewriter& rewriter_;
  const std::vector<std::string> repositories_;  // "docker.io/library/alpine"
  const Emit emit_;
  const Warn warn_;
  std::deque<Slot> slots_;
  std::uint64_t first_slot_ = 0;      // the number of the first of them
  std::uint64_t values_ = 0;          // seen
  std::vector<Mapping> mappings_;     // from the outermost to the innermost
  std::optional<Candidate> waiting_;  // for its place
};

}  // namespace cli
