#include "cli/rewriting/image_keys.h"

#include <algorithm>
#include <vector>

#include "base/text/text.h"

namespace cli {
namespace {

using base::is_digit;
using base::is_lower;
using base::is_one_of;
using base::is_upper;
using base::lower;

// Splits a key into lower-case words: "initImageName", "INIT_IMAGE_NAME" and "init-image.name" give
// init, image, name.
std::vector<std::string> words_of(std::string_view key) {
  std::vector<std::string> words;
  char last = '\0';
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = key[i];
    if (!is_upper(c) && !is_lower(c) && !is_digit(c)) {
      last = '\0';
      continue;
    }
    const bool before_lower = i + 1 < key.size() && is_lower(key[i + 1]);
    const bool begins = last == '\0' || (is_upper(c) && (!is_upper(last) || before_lower));
    if (begins) words.emplace_back();
    words.back() += lower(c);
    last = c;
  }
  return words;
}

// Words that may follow the word image in a key whose value names an image.
constexpr std::string_view kNames[] = {"name",      "names",    "repository", "repo",
                                       "reference", "ref",      "uri",        "url",
                                       "selector",  "override", "overrides",  "default"};
// A key with one of these words describes an image, but its value does not name the image.
constexpr std::string_view kOthers[] = {
    "secret",     "secrets", "pull",       "policy",      "tag",     "tags",     "registry",
    "registries", "digest",  "credential", "credentials", "version", "username", "password"};

std::string_view without_digits(std::string_view word) {
  while (!word.empty() && is_digit(word.back())) word.remove_suffix(1);
  return word;
}

bool is_image(std::string_view word) {
  word = without_digits(word);
  return word.ends_with("image") || word.ends_with("images");
}

// Returns whether the word consists of two, as in "imagename", where no upper-case letter marks the
// second one.
bool is_image_and_name(std::string_view word) {
  constexpr std::string_view kImage = "image";
  return word.starts_with(kImage) && is_one_of(word.substr(kImage.size()), kNames);
}

// Returns false for most keys that do not name an image, without splitting them into words: those
// that neither contain "image" nor end in y, as registry and repository do. Returns true for
// newName.
bool may_name_image(std::string_view key) {
  constexpr std::string_view kImage = "image";
  if (key.empty()) return false;
  if (lower(key.back()) == 'y' || key == "newName") return true;
  return std::search(key.begin(), key.end(), kImage.begin(), kImage.end(),
                     [](char a, char b) { return lower(a) == b; }) != key.end();
}

bool is_repository(std::string_view word) {
  return word == "repository" || word == "imagerepository";
}

// Returns the words of a key that distinguish one image of a mapping from the others, such as init,
// joined by dots. Leaves out words that keys of all images have, such as image, registry and name.
std::string stem_of(const std::vector<std::string>& words) {
  std::string stem;
  for (const std::string& word : words) {
    if (word == "image" || word == "images" || word == "registry") continue;
    if (is_one_of(word, kNames) || is_image_and_name(word)) continue;
    if (!stem.empty()) stem += '.';
    stem += word;
  }
  return stem;
}

}  // namespace

bool names_image(std::string_view key) {
  if (!may_name_image(key)) return false;
  const std::vector<std::string> words = words_of(key);
  if (words.empty()) return false;
  if (words.size() == 1 && words[0] == "repository") return true;
  if (key == "newName") return true;  // Kustomize
  if (std::any_of(words.begin(), words.end(),
                  [](const std::string& word) { return is_one_of(word, kOthers); })) {
    return false;
  }
  if (is_image_and_name(words.back())) return true;
  const auto image = std::find_if(words.begin(), words.end(),
                                  [](const std::string& word) { return is_image(word); });
  if (image == words.end()) return false;
  // An environment variable such as RELATED_IMAGE_BACKEND ends with the name of the component that
  // runs the image.
  if (std::none_of(key.begin(), key.end(), is_lower)) return true;
  return std::all_of(image + 1, words.end(), [](const std::string& word) {
    return is_image(word) || is_one_of(word, kNames);
  });
}

bool holds_pull_secrets(std::string_view key) {
  const std::vector<std::string> words = words_of(key);
  const auto has = [&](std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  return has("pull") && (has("secret") || has("secrets"));
}

ReferencePartKey reference_part_of(std::string_view key) {
  if (!may_name_image(key)) return {};
  const std::vector<std::string> words = words_of(key);
  if (words.empty()) return {};
  if (words.back() == "registry") return {ReferencePart::kRegistry, stem_of(words)};
  if (key == "newName") return {};
  if (!names_image(key)) {
    // A name in capitals is an environment variable such as GITHUB_REPOSITORY.
    const bool is_other =
        words.back() == "repository" && std::any_of(key.begin(), key.end(), is_lower);
    return is_other ? ReferencePartKey{ReferencePart::kOtherRepository, stem_of(words)}
                    : ReferencePartKey{};
  }
  return {is_repository(words.back()) ? ReferencePart::kRepository : ReferencePart::kImage,
          stem_of(words)};
}

bool names_part_of_image(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::vector<std::string> words = words_of(name.substr(dot + 1));
  return !words.empty() && (words.back() == "registry" || is_repository(words.back()));
}

}  // namespace cli
