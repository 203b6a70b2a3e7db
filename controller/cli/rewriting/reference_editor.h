// ReferenceEditor decides which values of a text are references to declared images, and by which
// references they are replaced. The rules are in the README, "Images in files". A decision may need
// another value of the same mapping, such as registry and repository. Edits wait for such
// decisions, because they are emitted in the order of the text. limits::kRewriteSiblingValues
// bounds the memory. One thread; one object per text.
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
#include "cli/rewriting/image_keys.h"
#include "json/scalars.h"

namespace cli {

using Emit = std::function<base::Result<void>(json::Edit)>;

// Reports a value that looks like a declared image and is left unchanged, or a rewritten value that
// may not be an image. `line` counts from 1.
using Warn = std::function<void(std::uint64_t line, std::string message)>;

class ReferenceEditor final : public json::ScalarVisitor {
 public:
  // `rewriter` must outlive the object. `emit` gets the edits in the order of the text. `late`:
  // what late() returned for the same text.
  ReferenceEditor(const api::ImageRewriter& rewriter, Emit emit, Warn warn,
                  std::vector<std::uint64_t> late = {});

  std::size_t value(const json::Scalar& scalar) override;
  base::Result<void> located(json::ScalarLocation location) override;
  void alias(const json::Scalar& scalar) override;
  base::Result<void> end_of_map(std::uint64_t map) override;

  // Emits the edits that are left; to be called at the end of the text.
  base::Result<void> finish() { return flush(); }

  // Returns the numbers of LocalRegistries (see json::Nesting::map) that were recognized late:
  // other values come before their apiVersion, and may have been rewritten. Unless it is empty,
  // another object has to scan the text.
  std::vector<std::uint64_t> late() &&;

 private:
  // The state of one candidate: undecided, decided with an edit, or decided without one.
  struct Slot {
    bool decided = false;
    std::optional<json::Edit> edit;
  };

  // A value that may be a reference, alone or together with another value of its mapping.
  struct Candidate {
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
    std::uint64_t map = 0;              // number of the mapping that holds it; 0: none
    std::optional<std::uint64_t> slot;  // number of its slot, set by located()
    json::ScalarLocation location;
  };

  // Candidates of one mapping that form references together: one registry and its repositories.
  struct RegistryAndRepositories {
    const Candidate* registry = nullptr;
    std::vector<const Candidate*> paths;
    bool has_other = false;  // it may also be for a ReferencePart::kOtherRepository
  };

  // The state of a mapping that has not ended yet.
  struct Mapping {
    std::uint64_t map = 0;
    std::uint64_t first = 0;  // number of the value that waits longest
    std::vector<Candidate> candidates;
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
  };

  Mapping* find(std::uint64_t map);
  Mapping& at(std::uint64_t map);
  void open_known(const json::Nesting& around);
  void note_siblings(const json::Scalar& scalar);
  void note_kustomize(const json::Scalar& scalar);
  void note_other_repository(const json::Scalar& scalar, const ReferencePartKey& key);
  static void add_unknown(Mapping& mapping, const std::string& stem);
  void decide_overdue();

  std::optional<Candidate> candidate(const json::Scalar& scalar);
  std::optional<Candidate> registry_candidate(const json::Scalar& scalar, const Candidate& found);
  bool take_template(const json::Scalar& scalar, Candidate& found);
  std::optional<Candidate> with_role(const json::Scalar& scalar, ReferencePart part,
                                     Candidate found);
  void warn_of_embedded(const json::Scalar& scalar);

  void decide_mapping(Mapping& mapping);
  void settle_value(const Mapping& mapping, const Candidate& value);
  void decide_name(const Mapping& mapping, const Candidate& name,
                   std::map<std::string, RegistryAndRepositories>& by_stem);
  static void join_to_registry(const Mapping& mapping,
                               std::map<std::string, RegistryAndRepositories>& by_stem);
  void decide_registry_and_repositories(Mapping& mapping, const std::string& stem,
                                        const RegistryAndRepositories& values);
  void decide_alone(const Candidate& candidate);
  void decide_lone_registry(const Candidate& registry);
  void decide_pair(const RegistryAndRepositories& values);

  void leave_without_registry(const Candidate& path);
  void leave_bare(const Candidate& candidate);
  void leave(const Candidate& candidate, const std::string& why);
  void replace(const Candidate& candidate, const std::string& word);
  void mark_decided(const Candidate& candidate);
  base::Result<void> flush();

  const api::ImageRewriter& rewriter_;
  const std::vector<std::string> repositories_;  // "docker.io/library/alpine"
  const Emit emit_;
  const Warn warn_;
  std::deque<Slot> slots_;
  std::uint64_t first_slot_ = 0;  // number of slots_.front()
  std::uint64_t values_ = 0;      // values seen so far
  std::uint64_t last_map_ = 0;    // number of mappings entered when the last value was seen
  const std::vector<std::uint64_t> known_;  // LocalRegistries of an earlier scan, ascending
  std::size_t next_known_ = 0;              // index in known_ of the first one not entered yet
  std::vector<std::uint64_t> late_;         // see late()
  std::vector<Mapping> mappings_;           // from the outermost to the innermost
  std::optional<Candidate> waiting_;        // the candidate that waits for located()
};

}  // namespace cli
