// ReferenceEditor finds the values of a text that may be references to declared images, and emits
// edits for those that are. The rules are in the README, "Images in files". A decision may need
// another value of the same mapping, such as registry and repository (see MappingDecider). Edits
// wait for such decisions, because they are emitted in the order of the text.
// limits::kRewriteSiblingValues bounds the memory. Each text needs a new object, which is used on
// one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/images/image_rewriter.h"
#include "cli/rewriting/edit_queue.h"
#include "cli/rewriting/image_keys.h"
#include "cli/rewriting/mapping_decider.h"
#include "cli/rewriting/reference_candidate.h"
#include "json/text/scalars.h"

namespace cli {

class ReferenceEditor final : public json::ScalarVisitor {
 public:
  // `rewriter` must outlive the object. `emit` gets the edits in the order of the text. `late`: the
  // result of late() after an earlier scan of the same text; empty for the first scan.
  ReferenceEditor(const api::ImageRewriter& rewriter, Emit emit, Warn warn,
                  std::vector<std::uint64_t> late = {});
  ReferenceEditor(const ReferenceEditor&) = delete;
  ReferenceEditor& operator=(const ReferenceEditor&) = delete;

  std::size_t value(const json::Scalar& scalar) override;
  base::Result<void> located(json::ScalarLocation location) override;
  void alias(const json::Scalar& scalar) override;
  base::Result<void> end_of_map(std::uint64_t map) override;

  // Emits the edits that are left; to be called at the end of the text.
  base::Result<void> finish() { return edits_.flush(); }

  // Returns the numbers (see json::Nesting::map) of the LocalRegistries that were recognized late:
  // values before their apiVersion may have been rewritten. If there are any, another
  // ReferenceEditor must scan the text again, with this result as `late`.
  std::vector<std::uint64_t> late() &&;

 private:
  using Candidate = ReferenceCandidate;
  using Mapping = ReferenceMapping;

  Mapping* find(std::uint64_t map);
  Mapping& at(std::uint64_t map);
  void open_known(const json::Nesting& around);
  void note_siblings(const json::Scalar& scalar);
  void note_kustomize(const json::Scalar& scalar);
  void note_other_repository(const json::Scalar& scalar, const ReferencePartKey& key);
  void decide_overdue();

  std::optional<Candidate> candidate(const json::Scalar& scalar);
  std::optional<Candidate> registry_candidate(const json::Scalar& scalar, const Candidate& found);
  bool take_template(const json::Scalar& scalar, Candidate& found);
  std::optional<Candidate> with_role(const json::Scalar& scalar, ReferencePart part,
                                     Candidate found);
  void warn_of_embedded(const json::Scalar& scalar);

  const api::ImageRewriter& rewriter_;
  const std::vector<std::string> repositories_;  // such as "docker.io/library/alpine"
  const Warn warn_;
  EditQueue edits_;
  MappingDecider decider_;
  std::uint64_t values_ = 0;    // values seen so far
  std::uint64_t last_map_ = 0;  // number of mappings entered when the last value was seen
  const std::vector<std::uint64_t> known_;  // LocalRegistries of an earlier scan, ascending
  std::size_t next_known_ = 0;              // index in known_ of the first one not entered yet
  std::vector<std::uint64_t> late_;         // see late()
  std::vector<Mapping> mappings_;           // from the outermost to the innermost
  std::optional<Candidate> waiting_;        // the candidate that waits for located()
};

}  // namespace cli
