#include "cli/rewriting/mapping_decider.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "base/text/quote.h"
#include "cli/rewriting/image_keys.h"
#include "cli/rewriting/reference_text.h"

namespace cli {

void MappingDecider::decide(Mapping& mapping) {
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

// Decides a value under the key `value`, by the value of the key `name` in the same mapping. If
// that name is a path such as image.repository, the value stays unchanged, because the chart
// combines it with image.registry, which is in another mapping.
void MappingDecider::settle_value(const Mapping& mapping, const Candidate& value) {
  if (mapping.name_suggests_part) {
    leave(value,
          "it is one part of an image reference, and the other part is in another entry; change "
          "both by hand");
  } else if (mapping.name_suggests_image) {
    replace(value, value.replacement);
  } else {
    leave_bare(value);
  }
}

// Decides a value under the key `name`. Beside newName, newTag or digest of Kustomize it stays
// unchanged. If the mapping has a key registry, and the key of the mapping names an image, the
// value is a repository. Otherwise it is rewritten only if it is a complete reference.
void MappingDecider::decide_name(const Mapping& mapping, const Candidate& name,
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

// A chart may put the value of the plain key `registry` before every repository. So this moves a
// repository whose stem has no registry key (initImageRepository without
// initImageRegistry) to the group of `registry`, unless the repository names a host. Records in
// has_other whether `registry` may also apply to repositories that are not candidates.
void MappingDecider::join_to_registry(const Mapping& mapping,
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

void MappingDecider::decide_registry_and_repositories(Mapping& mapping, const std::string& stem,
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
  // More values of the mapping may follow. They must not be decided as if the mapping had no
  // registry, so the registry is recorded as unknown.
  if (registry != nullptr && mapping.is_overdue) mapping.add_unknown(stem);
}

void MappingDecider::decide_alone(const Candidate& candidate) {
  if (candidate.replacement.empty()) return mark_decided(candidate);
  if (candidate.is_complete || candidate.names_image) {
    return replace(candidate, candidate.replacement);
  }
  leave_bare(candidate);
}

// Decides a registry without a repository. The registry stays unchanged, because the text does not
// show for which images a chart uses it.
void MappingDecider::decide_lone_registry(const Candidate& registry) {
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

void MappingDecider::decide_pair(const RegistryAndRepositories& values) {
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
    // If the registry is a host alone, the "library/" that Docker adds becomes a part of the
    // repository.
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

void MappingDecider::leave_without_registry(const Candidate& path) {
  const bool declared =
      !path.replacement.empty() ||
      std::any_of(repositories_.begin(), repositories_.end(), [&](const std::string& repository) {
        return repository.ends_with("/" + path.text);
      });
  if (!declared) return mark_decided(path);
  leave(path, "the key beside it that names the registry has no literal value");
}

void MappingDecider::leave_bare(const Candidate& candidate) {
  if (!has_slash(candidate.text)) return mark_decided(candidate);
  leave(candidate,
        "a value without registry, tag and digest is rewritten only under a key such as image or "
        "repository");
}

void MappingDecider::leave(const Candidate& candidate, const std::string& why) {
  warn_(candidate.line, fmt::format("{}: {} is unchanged: {}", base::shown(candidate.key),
                                    base::shown(candidate.text), why));
  mark_decided(candidate);
}

void MappingDecider::replace(const Candidate& candidate, const std::string& word) {
  mark_decided(candidate);
  auto edit = json::edit_at(candidate.location, word);
  if (!edit) return leave(candidate, "the rewritten value would need quotes");
  edits_.decide(*candidate.slot, *std::move(edit));
}

// Marks the candidate as decided; replace() then adds its edit. A candidate without a location has
// no slot.
void MappingDecider::mark_decided(const Candidate& candidate) {
  if (candidate.slot) edits_.decide(*candidate.slot);
}

}  // namespace cli
