// MappingDecider decides which candidates of a mapping are references to declared images, and what
// replaces them. It decides the candidates of a mapping together, because registry and repository
// of an image may be two values. A MappingDecider has one owner and is used on one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/images/image_rewriter.h"
#include "cli/rewriting/edit_queue.h"
#include "cli/rewriting/reference_candidate.h"

namespace cli {

class MappingDecider {
 public:
  // All arguments must outlive the object. `repositories`: the result of rewriter.repositories().
  MappingDecider(const api::ImageRewriter& rewriter, const std::vector<std::string>& repositories,
                 const Warn& warn, EditQueue& edits)
      : rewriter_(rewriter), repositories_(repositories), warn_(warn), edits_(edits) {}

  // Decides all candidates that wait in the mapping, and removes them from it.
  void decide(ReferenceMapping& mapping);

  // Replaces the candidate by `word`, or leaves it unchanged, with a warning, if the word would
  // need quotes that cannot be added.
  void replace(const ReferenceCandidate& candidate, const std::string& word);
  // Leaves the candidate unchanged, with a warning.
  void leave(const ReferenceCandidate& candidate, const std::string& why);
  // Leaves a value unchanged that has neither registry nor tag nor digest. Warns only if the value
  // has a slash.
  void leave_bare(const ReferenceCandidate& candidate);

 private:
  using Candidate = ReferenceCandidate;
  using Mapping = ReferenceMapping;

  // Candidates of one mapping that form references together: one registry and its repositories.
  struct RegistryAndRepositories {
    const Candidate* registry = nullptr;
    std::vector<const Candidate*> paths;
    bool has_other = false;  // the registry may also apply to Mapping::other_repositories
  };

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
  void mark_decided(const Candidate& candidate);

  const api::ImageRewriter& rewriter_;
  const std::vector<std::string>& repositories_;  // such as "docker.io/library/alpine"
  const Warn& warn_;
  EditQueue& edits_;
};

}  // namespace cli
