#include "cli/rewriting/reference_editor.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "api/image_reference.h"
#include "base/limits.h"
#include "base/quote.h"
#include "cli/rewriting/reference_template.h"
#include "json/text.h"

namespace cli {
namespace {

constexpr std::string_view kLibrary = "docker.io/library/";
constexpr std::string_view kDockerHub = "docker.io/";
constexpr std::string_view kOwnGroup = "localregistry.dev/";
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// Reports whether the scalar is empty, or null in YAML.
bool is_null(const json::Scalar& scalar) {
  const std::string_view value = scalar.value;
  if (scalar.style != json::ScalarStyle::kPlain) return value.empty();
  return value.empty() || value == "~" || value == "null" || value == "Null" || value == "NULL";
}

bool has_variable(std::string_view value) {
  return value.find('$') != std::string_view::npos || value.find("{{") != std::string_view::npos;
}

bool has_slash(std::string_view value) { return value.find('/') != std::string_view::npos; }

// The parts of a reference besides its path.
struct Parts {
  bool host = false;
  bool tag = false;  // or a digest
};

std::optional<Parts> parts_of(std::string_view text) {
  const auto parsed = api::parse_image_reference(text);
  if (!parsed) return std::nullopt;
  std::size_t rest = 0;
  if (!parsed->tag.empty()) rest += parsed->tag.size() + 1;
  if (!parsed->digest.empty()) rest += parsed->digest.size() + 1;
  // The parser may add "library/" to the path, and removes nothing but a host.
  return Parts{parsed->path.size() < text.size() - rest, rest > 0};
}

std::string_view without_slashes(std::string_view registry) {
  while (registry.ends_with('/')) registry.remove_suffix(1);
  return registry;
}

// Returns all spellings of a canonical repository: "docker.io/library/alpine" may be written
// "library/alpine" or "alpine".
std::vector<std::string_view> spellings(std::string_view repository) {
  std::vector<std::string_view> result = {repository};
  if (repository.starts_with(kDockerHub)) result.push_back(repository.substr(kDockerHub.size()));
  if (repository.starts_with(kLibrary)) result.push_back(repository.substr(kLibrary.size()));
  return result;
}

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// Reports whether the text contains the repository, and not only as part of a longer repository.
// `complete`: a tag or a digest has to follow.
bool contains(std::string_view text, std::string_view repository, bool complete) {
  for (std::size_t at = text.find(repository); at != std::string_view::npos;
       at = text.find(repository, at + 1)) {
    const std::string_view before = text.substr(0, at);
    const std::string_view after = text.substr(at + repository.size());
    const bool begins =
        before.empty() || before.ends_with("://") ||
        !(is_word_byte(before.back()) || before.back() == '.' || before.back() == '/');
    const bool ends = complete
                          ? after.starts_with(':') || after.starts_with('@')
                          : after.empty() || !(is_word_byte(after.front()) || after.front() == '/');
    if (begins && ends) return true;
  }
  return false;
}

// Returns the first spelling of the repository that the text contains; empty if there is none. A
// spelling without a registry is a path like many others, so it counts only with a tag or a digest,
// and a single word such as "alpine" never counts.
std::string_view spelling_in(std::string_view text, std::string_view repository) {
  for (const std::string_view spelling : spellings(repository)) {
    const bool has_host = spelling.size() == repository.size();
    if (has_slash(spelling) && contains(text, spelling, !has_host)) return spelling;
  }
  return {};
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// True for a value such as "backend:8080", which may be image:tag or host:port.
bool may_be_an_address(std::string_view value) {
  const std::size_t colon = value.find(':');
  return !has_slash(value) && colon != std::string_view::npos && is_digits(value.substr(colon + 1));
}

constexpr std::size_t kStems = 64;  // kept of one mapping

void add_stem(std::set<std::string>& stems, const std::string& stem) {
  if (stems.size() < kStems) stems.insert(stem);
}

}  // namespace

ReferenceEditor::ReferenceEditor(const api::ImageRewriter& rewriter, Emit emit, Warn warn,
                                 std::vector<std::uint64_t> late)
    : rewriter_(rewriter),
      repositories_(rewriter.repositories()),
      emit_(std::move(emit)),
      warn_(std::move(warn)),
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

// Adds the states of known LocalRegistries that have been entered, before the state of any mapping
// in them.
void ReferenceEditor::open_known(const json::Nesting& around) {
  while (next_known_ < known_.size() && known_[next_known_] <= around.maps()) {
    at(known_[next_known_++]).is_local_registry = true;
  }
}

void ReferenceEditor::note_siblings(const json::Scalar& scalar) {
  const std::uint64_t map = scalar.around.map();
  if (map == 0) return;
  note_kustomize(scalar);
  if (scalar.key == "name" && names_image(scalar.value)) at(map).name_says_image = true;
  if (scalar.key == "name" && names_part_of_image(scalar.value)) at(map).name_says_part = true;
  if (scalar.key == "apiVersion" && scalar.value.starts_with(kOwnGroup)) {
    Mapping& mapping = at(map);
    const bool is_first_value = last_map_ < map;
    if (!mapping.is_local_registry && !is_first_value) late_.push_back(map);
    mapping.is_local_registry = true;
  }
}

// Records that the mapping is an image of Kustomize. Helm values may have a digest, too, but not in
// a list with the name that Kustomize uses.
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
  if (key.part == ReferencePart::kRegistry) add_unknown(at(map), key.stem);
  if (key.part == ReferencePart::kOtherRepository) add_stem(at(map).other_repositories, key.stem);
}

// Records a path without a registry under a key such as initRepository. A chart may put the
// registry of the same mapping before this path.
void ReferenceEditor::note_other_repository(const json::Scalar& scalar,
                                            const ReferencePartKey& key) {
  const std::uint64_t map = scalar.around.map();
  if (map == 0 || key.part != ReferencePart::kOtherRepository || is_null(scalar)) return;
  const auto parts = parts_of(scalar.value);
  const bool may_be_path = parts ? !parts->host : has_variable(scalar.value);
  if (may_be_path) add_stem(at(map).other_repositories, key.stem);
}

void ReferenceEditor::add_unknown(Mapping& mapping, const std::string& stem) {
  add_stem(mapping.unknown_registries, stem);
  mapping.all_unknown = mapping.unknown_registries.size() == kStems;
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
    if (found.is_complete || has_slash(found.text)) leave(found, "this key holds names of Secrets");
    return std::nullopt;
  }
  return with_role(scalar, key.part, std::move(found));
}

// Returns the registry of a mapping; nullopt if the value is not a registry, or contains a
// variable.
std::optional<ReferenceEditor::Candidate> ReferenceEditor::registry_candidate(
    const json::Scalar& scalar, const Candidate& found) {
  if (is_null(scalar) || scalar.around.any_key(&holds_pull_secrets)) return std::nullopt;
  if (has_variable(scalar.value) || !json::is_word(scalar.value)) {
    add_unknown(at(found.map), found.stem);
    return std::nullopt;
  }
  if (!parts_of(fmt::format("{}/x", without_slashes(scalar.value)))) return std::nullopt;
  Candidate registry = found;
  registry.role = Candidate::Role::kRegistry;
  return registry;
}

// Handles a value with variables. If its repository is literal, sets found.text to the repository
// and returns true.
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
    leave(found,
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
    if (declared) leave_bare(found);
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
  candidate.slot = first_slot_ + slots_.size();
  slots_.emplace_back();
  if (candidate.role == Candidate::Role::kComplete) {
    replace(candidate, candidate.replacement);
    return flush();
  }
  Mapping& mapping = at(candidate.map);
  if (mapping.candidates.empty()) mapping.first = values_;
  mapping.candidates.push_back(std::move(candidate));
  if (mapping.is_overdue) decide_mapping(mapping);
  return flush();
}

base::Result<void> ReferenceEditor::end_of_map(std::uint64_t map) {
  constexpr std::size_t kLateMost = limits::kRewriteMemoryBytes / sizeof(std::uint64_t);
  if (late_.size() > kLateMost) {
    return base::Error{
        base::ErrorCode::kTooLarge,
        fmt::format("more than {} LocalRegistries have other keys before apiVersion; "
                    "write apiVersion first",
                    kLateMost)};
  }
  if (mappings_.empty() || mappings_.back().map != map) return {};
  decide_mapping(mappings_.back());
  mappings_.pop_back();
  return flush();
}

// Decides the candidates that have waited for too many values, with what is known by now.
void ReferenceEditor::decide_overdue() {
  for (Mapping& mapping : mappings_) {
    if (mapping.candidates.empty()) continue;
    if (values_ - mapping.first <= limits::kRewriteSiblingValues) continue;
    mapping.is_overdue = true;
    decide_mapping(mapping);
  }
}

// Decides all candidates of the mapping.
void ReferenceEditor::decide_mapping(Mapping& mapping) {
  using Role = Candidate::Role;
  std::vector<Candidate> candidates = std::move(mapping.candidates);
  mapping.candidates.clear();
  std::map<std::string, RegistryAndRepositories> by_stem;
  for (const Candidate& candidate : candidates) {
    if (candidate.role == Role::kRegistry) {
      const Candidate*& registry = by_stem[candidate.stem].registry;
      if (registry != nullptr) mark_decided(*registry);  // of duplicate keys the last one counts
      registry = &candidate;
    } else if (candidate.role == Role::kRepository || candidate.role == Role::kImage) {
      by_stem[candidate.stem].paths.push_back(&candidate);
    }
  }
  for (const Candidate& candidate : candidates) {
    if (candidate.role == Role::kName) decide_name(mapping, candidate, by_stem);
    if (candidate.role == Role::kValue) settle_value(mapping, candidate);
  }
  join_to_registry(mapping, by_stem);
  for (const auto& [stem, two] : by_stem) decide_registry_and_repositories(mapping, stem, two);
}

// Decides a value under the key `value`, by the value of the key `name` in the same mapping. A
// chart puts the value of image.registry, which is in another mapping, before the value of
// image.repository.
void ReferenceEditor::settle_value(const Mapping& mapping, const Candidate& value) {
  if (mapping.name_says_part) {
    leave(value,
          "it is one part of an image reference, and the other part is in another entry; change "
          "both by hand");
  } else if (mapping.name_says_image) {
    replace(value, value.replacement);
  } else {
    leave_bare(value);
  }
}

// Decides a value under the key `name`. Beside a registry and under a key that names an image, it
// is a repository. In an image of Kustomize it stays unchanged. Otherwise it is rewritten only
// if it is a complete reference.
void ReferenceEditor::decide_name(const Mapping& mapping, const Candidate& name,
                                  std::map<std::string, RegistryAndRepositories>& by_stem) {
  if (mapping.has_new_name) {
    if (!name.is_complete) return mark_decided(name);
    return leave(name, "Kustomize replaces images of this name with newName");
  }
  if (mapping.has_new_tag) {
    if (name.replacement.empty()) return mark_decided(name);
    return leave(name,
                 "Kustomize searches the resources for this name; add newName, which is rewritten");
  }
  const auto plain = by_stem.find("");
  const bool has_registry = plain != by_stem.end() && plain->second.registry != nullptr;
  if (name.parent_names_image && !name.is_complete && has_registry && plain->second.paths.empty()) {
    plain->second.paths.push_back(&name);
  } else {
    decide_alone(name);
  }
}

// Adds repositories without a registry of the same stem, such as initImageRepository, to the key
// registry of the mapping, and records whether other repositories need this registry. A chart puts
// this registry before all of them.
void ReferenceEditor::join_to_registry(const Mapping& mapping,
                                       std::map<std::string, RegistryAndRepositories>& by_stem) {
  const auto plain = by_stem.find("");
  if (plain == by_stem.end() || plain->second.registry == nullptr) return;
  const auto joins = [](const Candidate* path) {
    return path->role == Candidate::Role::kRepository && !path->has_host;
  };
  const auto has_registry = [&](const std::string& stem) {
    const auto found = by_stem.find(stem);
    return mapping.unknown_registries.contains(stem) ||
           (found != by_stem.end() && found->second.registry != nullptr);
  };
  plain->second.has_other =
      std::any_of(mapping.other_repositories.begin(), mapping.other_repositories.end(),
                  [&](const std::string& stem) { return stem.empty() || !has_registry(stem); });
  for (auto& [stem, two] : by_stem) {
    if (has_registry(stem)) continue;
    std::copy_if(two.paths.begin(), two.paths.end(), std::back_inserter(plain->second.paths),
                 joins);
    std::erase_if(two.paths, joins);
  }
}

void ReferenceEditor::decide_registry_and_repositories(Mapping& mapping, const std::string& stem,
                                                       const RegistryAndRepositories& values) {
  const Candidate* const registry = values.registry;
  const bool is_unknown = mapping.all_unknown || mapping.unknown_registries.contains(stem);
  if (registry != nullptr && !is_unknown && !values.paths.empty()) {
    decide_pair(values);
  } else {
    if (registry != nullptr) decide_lone_registry(*registry);
    for (const Candidate* const path : values.paths) {
      const bool is_repository = path->role == Candidate::Role::kRepository;
      if (is_unknown || (mapping.has_merge && is_repository)) {
        leave_without_registry(*path);
      } else {
        decide_alone(*path);
      }
    }
  }
  // More values of the mapping may follow. These values must not be decided as if the mapping had
  // no registry.
  if (registry != nullptr && mapping.is_overdue) add_unknown(mapping, stem);
}

void ReferenceEditor::decide_alone(const Candidate& candidate) {
  if (candidate.replacement.empty()) return mark_decided(candidate);
  if (candidate.is_complete || candidate.names_image) {
    return replace(candidate, candidate.replacement);
  }
  leave_bare(candidate);
}

// Decides a registry without a repository. The registry stays unchanged, because the text does not
// show for which images a chart uses it.
void ReferenceEditor::decide_lone_registry(const Candidate& registry) {
  const std::string_view text = without_slashes(registry.text);
  const std::string_view host = text.substr(0, text.find('/'));
  const bool of_declared =
      std::any_of(repositories_.begin(), repositories_.end(), [&](const std::string& repository) {
        return std::string_view(repository).starts_with(std::string(host) + "/");
      });
  const bool of_chart = registry.key != "registry" && reference_part_of(registry.key).stem.empty();
  if (rewriter_.is_known(std::string(host)) || !(of_declared || of_chart)) {
    return mark_decided(registry);
  }
  leave(registry,
        "there is no key repository beside it, and a chart may use it both for declared images and "
        "for others");
}

void ReferenceEditor::decide_pair(const RegistryAndRepositories& values) {
  const Candidate& registry = *values.registry;
  struct Rewritten {
    const Candidate* path;
    std::string text;
  };
  const std::string_view before = without_slashes(registry.text);
  std::vector<Rewritten> rewritten;
  for (const Candidate* const path : values.paths) {
    if (path->has_host) {
      if (!path->replacement.empty()) {
        leave(*path,
              fmt::format("it contains a registry, and the key {} beside it names one as well",
                          base::shown(registry.key)));
      }
    } else if (auto text = rewriter_.rewrite(fmt::format("{}/{}", before, path->text))) {
      rewritten.push_back({path, *std::move(text)});
    }
    mark_decided(*path);
  }
  mark_decided(registry);
  if (rewritten.empty()) return;
  std::optional<std::string> host;
  bool possible = rewritten.size() == values.paths.size() && !values.has_other;
  for (Rewritten& one : rewritten) {
    // If the registry has no path, the "library/" that Docker adds goes into the repository.
    const std::size_t slash =
        has_slash(before) ? one.text.size() - std::min(one.text.size(), one.path->text.size() + 1)
                          : one.text.find('/');
    const std::string head = one.text.substr(0, slash);
    one.text.erase(0, slash + 1);
    possible = possible && (!has_slash(before) || one.text == one.path->text) &&
               host.value_or(head) == head;
    host = head;
  }
  if (!possible || registry.is_anchored) {
    const std::string_view why =
        possible ? "or the mapping that contains it has an anchor, so an alias may apply it to "
                   "another image"
                 : "applies to another image of this mapping as well";
    for (const Rewritten& one : rewritten) {
      leave(*one.path, fmt::format("the key {} {}", base::shown(registry.key), why));
    }
    return;
  }
  replace(registry, *host + registry.text.substr(before.size()));
  for (const Rewritten& one : rewritten) {
    if (one.text != one.path->text) replace(*one.path, one.text);
  }
}

void ReferenceEditor::leave_without_registry(const Candidate& path) {
  const bool declared =
      !path.replacement.empty() ||
      std::any_of(repositories_.begin(), repositories_.end(), [&](const std::string& repository) {
        return repository.ends_with("/" + path.text);
      });
  if (!declared) return mark_decided(path);
  leave(path, "the key beside it that names the registry has no literal value");
}

void ReferenceEditor::leave_bare(const Candidate& candidate) {
  if (!has_slash(candidate.text)) return mark_decided(candidate);
  leave(candidate,
        "a value without registry, tag and digest is rewritten only under a key such as image or "
        "repository");
}

void ReferenceEditor::leave(const Candidate& candidate, const std::string& why) {
  warn_(candidate.line, fmt::format("{}: {} is unchanged: {}", base::shown(candidate.key),
                                    base::shown(candidate.text), why));
  mark_decided(candidate);
}

void ReferenceEditor::replace(const Candidate& candidate, const std::string& word) {
  mark_decided(candidate);
  auto edit = json::edit_at(candidate.location, word);
  if (!edit) return leave(candidate, "the rewritten value would need quotes");
  slots_[*candidate.slot - first_slot_].edit = *std::move(edit);
}

// Marks the candidate as decided; replace() then adds its edit. A candidate without a location has
// no slot.
void ReferenceEditor::mark_decided(const Candidate& candidate) {
  if (candidate.slot) slots_[*candidate.slot - first_slot_].decided = true;
}

base::Result<void> ReferenceEditor::flush() {
  while (!slots_.empty() && slots_.front().decided) {
    std::optional<json::Edit> edit = std::move(slots_.front().edit);
    slots_.pop_front();
    ++first_slot_;
    if (!edit) continue;
    if (auto emitted = emit_(*std::move(edit)); !emitted) return emitted;
  }
  return {};
}

}  // namespace cli
