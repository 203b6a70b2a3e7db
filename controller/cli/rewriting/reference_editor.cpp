#include "cli/rewriting/reference_editor.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "base/text/quote.h"
#include "cli/rewriting/reference_template.h"
#include "cli/rewriting/reference_text.h"
#include "json/text.h"
#include "json/text/yaml.h"

namespace cli {
namespace {

constexpr std::string_view kOwnGroup = "localregistry.dev/";
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// Returns whether the scalar is empty, or null in YAML.
bool is_null(const json::Scalar& scalar) {
  const bool is_plain = scalar.style == json::ScalarStyle::kPlain;
  return is_plain ? json::is_null(scalar.value) : scalar.value.empty();
}

}  // namespace

ReferenceEditor::ReferenceEditor(const api::ImageRewriter& rewriter, Emit emit, Warn warn,
                                 std::vector<std::uint64_t> late)
    : rewriter_(rewriter),
      repositories_(rewriter.repositories()),
      warn_(std::move(warn)),
      edits_(std::move(emit)),
      decider_(rewriter_, repositories_, warn_, edits_),
      known_(std::move(late)) {}

std::vector<std::uint64_t> ReferenceEditor::late() && {
  std::sort(late_.begin(), late_.end());
  return std::move(late_);
}

ReferenceEditor::Mapping* ReferenceEditor::find(std::uint64_t map) {
  const auto found = std::find_if(mappings_.rbegin(), mappings_.rend(),
                                  [&](const Mapping& mapping) { return mapping.map <= map; });
  return found != mappings_.rend() && found->map == map ? &*found : nullptr;
}

// Finds the state of a mapping, or adds it. A mapping without a state is the innermost one, so its
// state goes to the end.
ReferenceEditor::Mapping& ReferenceEditor::at(std::uint64_t map) {
  if (Mapping* const found = find(map)) return *found;
  mappings_.emplace_back().map = map;
  return mappings_.back();
}

// Adds the states of the LocalRegistries in known_ that the scan has entered. The states are
// ordered from outside to inside, so this must happen before a mapping inside gets a state.
void ReferenceEditor::open_known(const json::Nesting& around) {
  while (next_known_ < known_.size() && known_[next_known_] <= around.maps()) {
    at(known_[next_known_++]).is_local_registry = true;
  }
}

void ReferenceEditor::note_siblings(const json::Scalar& scalar) {
  const std::uint64_t map = scalar.around.map();
  if (map == 0) return;
  note_kustomize(scalar);
  if (scalar.key == "name" && names_image(scalar.value)) at(map).name_suggests_image = true;
  if (scalar.key == "name" && names_part_of_image(scalar.value)) at(map).name_suggests_part = true;
  if (scalar.key == "apiVersion" && scalar.value.starts_with(kOwnGroup)) {
    Mapping& mapping = at(map);
    const bool is_first_value = last_map_ < map;
    if (!mapping.is_local_registry && !is_first_value) late_.push_back(map);
    mapping.is_local_registry = true;
  }
}

// Records that the mapping is an image entry of a kustomization. The key digest counts only in a
// list with a name that Kustomize uses, because Helm values may have a digest, too.
void ReferenceEditor::note_kustomize(const json::Scalar& scalar) {
  const std::uint64_t map = scalar.around.map();
  if (scalar.key == "newName") at(map).has_new_name = true;
  if (scalar.key == "newTag") at(map).has_new_tag = true;
  if (scalar.key != "digest") return;
  const std::string_view parent = scalar.around.parent_key();
  if (parent == "images" || parent == "imageTag") at(map).has_new_tag = true;
}

void ReferenceEditor::alias(const json::Scalar& scalar) {
  open_known(scalar.around);
  const std::uint64_t map = scalar.around.map();
  if (map == 0) return;
  note_kustomize(scalar);
  if (scalar.key == "<<") at(map).has_merge = true;
  const ReferencePartKey key = reference_part_of(scalar.key);
  if (key.part == ReferencePart::kRegistry) at(map).add_unknown(key.stem);
  if (key.part == ReferencePart::kOtherRepository) at(map).add_other(key.stem);
}

// Records a path without a registry under a key such as initRepository. A chart may put the
// registry of the same mapping before this path.
void ReferenceEditor::note_other_repository(const json::Scalar& scalar,
                                            const ReferencePartKey& key) {
  const std::uint64_t map = scalar.around.map();
  if (map == 0 || key.part != ReferencePart::kOtherRepository || is_null(scalar)) return;
  const auto parts = parts_of(scalar.value);
  const bool may_be_path = parts ? !parts->host : has_variable(scalar.value);
  if (may_be_path) at(map).add_other(key.stem);
}

std::size_t ReferenceEditor::value(const json::Scalar& scalar) {
  ++values_;
  decide_overdue();
  open_known(scalar.around);
  note_siblings(scalar);
  last_map_ = scalar.around.maps();
  const bool declares = std::any_of(mappings_.begin(), mappings_.end(), [](const Mapping& mapping) {
    return mapping.is_local_registry;
  });
  waiting_ = declares ? std::nullopt : candidate(scalar);
  return waiting_ ? waiting_->text.size() : 0;
}

std::optional<ReferenceEditor::Candidate> ReferenceEditor::candidate(const json::Scalar& scalar) {
  if (scalar.value.empty()) return std::nullopt;
  if (scalar.value.size() > limits::kImageReferenceBytes) {
    warn_of_embedded(scalar);
    return std::nullopt;
  }
  Candidate found;
  found.key = scalar.key;
  found.text = scalar.value;
  found.line = scalar.line;
  found.map = scalar.around.map();
  found.is_anchored = scalar.is_anchored;
  const ReferencePartKey key = reference_part_of(scalar.key);
  found.stem = key.stem;
  note_other_repository(scalar, key);
  if (found.map != 0 && key.part == ReferencePart::kRegistry)
    return registry_candidate(scalar, found);
  found.names_image = key.part == ReferencePart::kRepository || key.part == ReferencePart::kImage ||
                      names_image(scalar.key) ||
                      (scalar.key == "reference" && names_image(scalar.around.parent_key()));
  if (has_variable(scalar.value) && !take_template(scalar, found)) return std::nullopt;
  const auto parts = json::is_word(found.text) ? parts_of(found.text) : std::nullopt;
  if (!parts) {
    warn_of_embedded(scalar);
    return std::nullopt;
  }
  found.has_host = parts->host;
  found.is_complete = parts->host || parts->tag || found.text.size() < scalar.value.size();
  found.replacement = rewriter_.rewrite(found.text).value_or("");
  if (!found.replacement.empty() && scalar.around.any_key(&holds_pull_secrets)) {
    if (found.is_complete || has_slash(found.text))
      decider_.leave(found, "this key holds names of Secrets");
    return std::nullopt;
  }
  return with_role(scalar, key.part, std::move(found));
}

// Returns the candidate for a value that is a registry; nullopt if the value is not a registry, or
// contains a variable.
std::optional<ReferenceEditor::Candidate> ReferenceEditor::registry_candidate(
    const json::Scalar& scalar, const Candidate& found) {
  if (is_null(scalar) || scalar.around.any_key(&holds_pull_secrets)) return std::nullopt;
  if (has_variable(scalar.value) || !json::is_word(scalar.value)) {
    at(found.map).add_unknown(found.stem);
    return std::nullopt;
  }
  if (!parts_of(fmt::format("{}/x", without_slashes(scalar.value)))) return std::nullopt;
  Candidate registry = found;
  registry.role = Candidate::Role::kRegistry;
  return registry;
}

// Handles a value with variables. If its repository is literal, sets found.text to the repository
// and returns true. Otherwise returns false, and warns if the value may be a declared image.
bool ReferenceEditor::take_template(const json::Scalar& scalar, Candidate& found) {
  const auto parsed = parse_template(scalar.value);
  if (!parsed) {
    warn_of_embedded(scalar);
    return false;
  }
  if (parsed->pattern.empty()) {
    found.text = scalar.value.substr(0, parsed->repository);
    return true;
  }
  const std::size_t star = parsed->pattern.rfind('*');
  const bool speaks = found.names_image || has_slash(parsed->pattern.substr(star + 1));
  const bool matches =
      std::any_of(repositories_.begin(), repositories_.end(), [&](const std::string& repository) {
        const auto names = spellings(repository);
        return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
          return matches_pattern(parsed->pattern, name);
        });
      });
  if (speaks && matches) {
    decider_.leave(
        found,
        "its repository contains a variable; write the repository without variables, or replace "
        "the variable first");
  }
  return false;
}

std::optional<ReferenceEditor::Candidate> ReferenceEditor::with_role(const json::Scalar& scalar,
                                                                     ReferencePart part,
                                                                     Candidate found) {
  using Role = Candidate::Role;
  const bool declared = !found.replacement.empty();
  const bool under_image = scalar.key == "name" && names_image(scalar.around.parent_key());
  if (found.map != 0 && part == ReferencePart::kRepository) {
    found.role = Role::kRepository;
  } else if (found.map != 0 && part == ReferencePart::kImage && !found.is_complete) {
    found.role = Role::kImage;
  } else if (found.map != 0 && scalar.key == "name" &&
             (declared || (under_image && !found.is_complete))) {
    found.role = Role::kName;
    found.parent_names_image = under_image;
  } else if (declared && (found.is_complete || found.names_image)) {
    found.role = Role::kComplete;
    if (!found.names_image && may_be_an_address(found.text)) {
      warn_(found.line, fmt::format("{}: {} is rewritten, because it looks like an image with a "
                                    "tag; if it is a host with a port, undo this change",
                                    base::shown(found.key), base::shown(found.text)));
    }
  } else if (declared && found.map != 0 && scalar.key == "value") {
    found.role = Role::kValue;
  } else {
    if (declared) decider_.leave_bare(found);
    if (!declared) warn_of_embedded(scalar);
    return std::nullopt;
  }
  return found;
}

void ReferenceEditor::warn_of_embedded(const json::Scalar& scalar) {
  if (!has_slash(scalar.value) || scalar.key == kLastApplied) return;
  const std::string_view text = scalar.value.substr(0, limits::kRewriteEmbeddedBytes);
  for (const std::string& repository : repositories_) {
    const std::string_view found = spelling_in(text, repository);
    if (found.empty()) continue;
    return warn_(scalar.line, fmt::format("{}: {} inside a longer text is unchanged: a value is "
                                          "rewritten only if all of it is an image reference",
                                          base::shown(scalar.key), found));
  }
}

base::Result<void> ReferenceEditor::located(json::ScalarLocation location) {
  Candidate candidate = *std::move(waiting_);
  waiting_.reset();
  candidate.location = std::move(location);
  candidate.slot = edits_.reserve();
  if (candidate.role == Candidate::Role::kComplete) {
    decider_.replace(candidate, candidate.replacement);
    return edits_.flush();
  }
  Mapping& mapping = at(candidate.map);
  if (mapping.candidates.empty()) mapping.first = values_;
  mapping.candidates.push_back(std::move(candidate));
  if (mapping.is_overdue) decider_.decide(mapping);
  return edits_.flush();
}

base::Result<void> ReferenceEditor::end_of_map(std::uint64_t map) {
  constexpr std::size_t kMaxLate = limits::kRewriteMemoryBytes / sizeof(std::uint64_t);
  if (late_.size() > kMaxLate) {
    return base::Error{
        base::ErrorCode::kTooLarge,
        fmt::format("more than {} LocalRegistries have other keys before apiVersion; "
                    "write apiVersion first",
                    kMaxLate)};
  }
  if (mappings_.empty() || mappings_.back().map != map) return {};
  decider_.decide(mappings_.back());
  mappings_.pop_back();
  return edits_.flush();
}

// Decides the candidates that have waited for too many values, with what is known by now.
void ReferenceEditor::decide_overdue() {
  for (Mapping& mapping : mappings_) {
    if (mapping.candidates.empty()) continue;
    if (values_ - mapping.first <= limits::kRewriteSiblingValues) continue;
    mapping.is_overdue = true;
    decider_.decide(mapping);
  }
}

}  // namespace cli
