#include "cli/import.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "api/image_reference.h"
#include "api/local_registry.h"
#include "api/quantity.h"
#include "base/dns_name.h"
#include "base/limits.h"
#include "base/quote.h"
#include "base/text.h"
#include "cli/devspace.h"
#include "cli/names.h"
#include "cli/reference_template.h"
#include "json/unknown.h"
#include "json/value.h"
#include "json/yaml.h"

namespace cli {
namespace {

constexpr std::string_view kDefaultName = "dev";
// This command converts a file to the newest version and applies its profiles and imports.
constexpr std::string_view kPrint = "`devspace print`";
constexpr std::string_view kVersion = "v2beta1";
constexpr std::string_view kLeftOut = "left out";
constexpr std::string_view kTooLong = "the value is too long";
constexpr std::string_view kHidden =
    "a value that is not shown (it contains a variable with `password: true`)";
constexpr int kPortMost = 65535;
constexpr std::size_t kQuantityBytes = 32;
constexpr std::size_t kPersistentNameBytes = 52;  // StatefulSets add a suffix to it
constexpr int kVariableDepth = 8;                 // nesting of variables in the values of variables
constexpr std::size_t kReplacements = 10'000;     // of variables, in all fields of a file together

struct Metadata {
  std::string name;
  std::string namespace_name;
};

// The structs below hold only what the file sets; the CRD supplies the default values.
struct Persistence {
  std::optional<bool> enabled;
  std::string size;
  std::string storage_class_name;
};

struct Spec {
  std::optional<bool> enabled;
  std::optional<bool> localbuild;
  std::string namespace_name;
  std::string name;
  std::string image;
  std::string buildkit_image;
  int port = 0;
  Persistence persistence;
  std::vector<api::ImageSpec> images;
};

struct Manifest {
  std::string api_version;
  std::string kind;
  Metadata metadata;
  std::optional<Spec> spec;
};

}  // namespace
}  // namespace cli

template <>
struct json::Fields<cli::Metadata> {
  using T = cli::Metadata;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("namespace", &T::namespace_name));
};

template <>
struct json::Fields<cli::Persistence> {
  using T = cli::Persistence;
  static constexpr auto kTable =
      std::make_tuple(json::field("enabled", &T::enabled), json::field("size", &T::size),
                      json::field("storageClassName", &T::storage_class_name));
};

template <>
struct json::Fields<cli::Spec> {
  using T = cli::Spec;
  static constexpr auto kTable = std::make_tuple(
      json::field("enabled", &T::enabled), json::field("localbuild", &T::localbuild),
      json::field("namespace", &T::namespace_name), json::field("name", &T::name),
      json::field("image", &T::image), json::field("buildKitImage", &T::buildkit_image),
      json::field("port", &T::port), json::field("persistence", &T::persistence),
      json::keyed("images", &T::images, &api::ImageSpec::name));
};

template <>
struct json::Fields<cli::Manifest> {
  using T = cli::Manifest;
  static constexpr auto kTable =
      std::make_tuple(json::field("apiVersion", &T::api_version), json::field("kind", &T::kind),
                      json::field("metadata", &T::metadata), json::field("spec", &T::spec));
};

namespace cli {
namespace {

using devspace::Setting;

// A field of an image that is not carried over, and what to do instead.
struct Hint {
  std::string_view field;
  std::string_view remedy;
};
constexpr Hint kImageHints[] = {
    {"dockerfile", "pass it to `kubectl localregistry build --file`"},
    {"context", "pass it to `kubectl localregistry build`"},
    {"target", "pass it to `kubectl localregistry build --target`"},
    {"buildArgs", "pass them to `kubectl localregistry build --build-arg`"},
    {"createPullSecret", "a LocalRegistry needs no pull secret"},
    {"rebuildStrategy", "a LocalRegistry does not decide when to build"},
    {"skipPush", "a LocalRegistry pushes nothing by itself"},
};
constexpr std::string_view kImageFields[] = {
    "entrypoint",       "cmd",      "appendDockerfileInstructions",
    "network",          "buildKit", "docker",
    "kaniko",           "custom",   "injectRestartHelper",
    "restartHelperPath"};

// Sections that may change what the imported sections contain.
constexpr std::string_view kChanging[] = {"profiles", "imports", "dependencies"};
constexpr std::string_view kOtherSections[] = {"functions", "pipelines",   "deployments", "dev",
                                               "commands",  "pullSecrets", "require",     "hooks"};

// Variables that DevSpace sets itself, regardless of the environment.
constexpr std::string_view kPredefined[] = {
    "DEVSPACE_NAME",      "DEVSPACE_EXECUTABLE", "DEVSPACE_KUBECTL_EXECUTABLE",
    "DEVSPACE_TMPDIR",    "DEVSPACE_VERSION",    "DEVSPACE_RANDOM",
    "DEVSPACE_PROFILE",   "DEVSPACE_PROFILES",   "DEVSPACE_USER_HOME",
    "DEVSPACE_TIMESTAMP", "DEVSPACE_GIT_BRANCH", "DEVSPACE_GIT_COMMIT",
    "DEVSPACE_CONTEXT",   "DEVSPACE_NAMESPACE"};

// Returns where the first "${" or "$!{" begins; npos: there is none. Stops reading there, so that
// the search for all variables of the text takes linear time.
std::size_t find_variable(std::string_view text) {
  std::size_t at = text.find('$');
  while (at != std::string_view::npos) {
    const std::string_view rest = text.substr(at + 1);
    if (rest.starts_with('{') || rest.starts_with("!{")) return at;
    at = text.find('$', at + 1);
  }
  return at;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Accepts the name of an entry of spec.images, which must be a valid label value.
bool is_image_name(std::string_view name) {
  constexpr std::size_t kMost = 63;
  const auto outer = [](char c) { return is_letter(c) || is_digit(c); };
  return !name.empty() && name.size() <= kMost && outer(name.front()) && outer(name.back()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return outer(c) || c == '-' || c == '_' || c == '.'; });
}

template <std::size_t N>
bool is_one_of(std::string_view text, const std::string_view (&words)[N]) {
  return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

class Importer {
 public:
  Importer(const ImportOptions& options, const devspace::File& file,
           const json::Positions& positions)
      : options_(options), file_(file), positions_(positions) {}

  Outcome<Imported> run(const std::vector<std::string>& unknown);

 private:
  Manifest manifest();
  void take_registry(const devspace::LocalRegistry& from, Spec& to);
  void check_registry(const Spec& spec);
  void take_persistence(const devspace::Persistence& from, Spec& to);
  std::string take_reference(const std::string& path, const Setting<std::string>& from);
  void take_images(Spec& to);
  void take_image(const std::string& key, const devspace::Image& from, Spec& to);
  void take_tags(const std::string& path, const devspace::Image& from, api::ImageSpec& to);
  void add_tag(const std::string& path, const std::string& tag, api::ImageSpec& to);
  std::string resource_name();
  void explain_unknown(const std::vector<std::string>& unknown);

  // Replaces the variables in the text. If a variable is unknown, returns nullopt and adds a note
  // that begins with `left_out`.
  std::optional<std::string> resolve(const std::string& path, std::string_view expression,
                                     std::string_view left_out = kLeftOut);
  // replace(), replacement() and variable() set `why` to the reason when they return nullopt.
  std::optional<std::string> replace(std::string_view text, int depth, std::string& why);
  std::optional<std::string> replacement(const std::string& name, int depth, std::string& why);
  std::optional<std::string> variable(const std::string& name, std::string& why) const;
  std::optional<std::string> text_of(const std::optional<std::string>& value,
                                     const std::string& path) const;
  bool is_password(const std::string& name) const;
  std::optional<std::string> image_of(const std::string& path, const Setting<std::string>& setting);

  std::optional<std::string> text(const std::string& path, const Setting<std::string>& setting);
  std::optional<bool> boolean(const std::string& path, const Setting<bool>& setting);
  std::optional<std::int64_t> number(const std::string& path, const Setting<int>& setting);

  std::string at(const std::string& path) const;
  // Returns the text of the field for a message: in quotes, or kHidden.
  std::string shown(const std::string& path, std::string_view text) const;
  void note(const std::string& path, const std::string& message);
  void fail(const std::string& path, const std::string& message);

  const ImportOptions& options_;
  const devspace::File& file_;
  const json::Positions& positions_;
  std::vector<std::string> notes_;
  std::optional<Failure> failure_;  // the first failure
  std::size_t replacements_ = 0;    // variables replaced so far
  std::size_t replaced_bytes_ = 0;  // bytes of their values
  std::size_t passwords_ = 0;       // replaced variables with `password: true`
  bool in_integer_ = false;         // variables are replaced in a field that is an integer
  std::set<std::string> hidden_;    // paths of the fields whose text contains such a variable
};

std::string Importer::at(const std::string& path) const {
  const json::Position position = positions_.find(path);
  return fmt::format("{}:{}:{}", options_.file, position.line, position.column);
}

std::string Importer::shown(const std::string& path, std::string_view text) const {
  if (hidden_.contains(path)) return std::string(kHidden);
  return fmt::format("\"{}\"", base::shown(text));
}

void Importer::note(const std::string& path, const std::string& message) {
  notes_.push_back(fmt::format("{}: {}: {}", at(path), base::shown_path(path), message));
}

void Importer::fail(const std::string& path, const std::string& message) {
  if (failure_) return;
  failure_ = Failure{ExitCode::kFailure,
                     fmt::format("{}: {}: {}", at(path), base::shown_path(path), message)};
}

// Returns the value of a variable, or its default, as text. `path`: its place in the file. nullopt:
// the file has no such value. In an integer, DevSpace uses the number that it has read, not the
// notation.
std::optional<std::string> Importer::text_of(const std::optional<std::string>& value,
                                             const std::string& path) const {
  const std::string* const written = path.empty() ? nullptr : positions_.written(path);
  if (written != nullptr && in_integer_) {
    if (const auto number = devspace::integer_of_yaml(*written)) return std::to_string(*number);
  }
  if (!value && written != nullptr) return *written;
  return value;
}

// The order is that of DevSpace: the command line, predefined variables, the value in the file, the
// environment, the default value.
std::optional<std::string> Importer::variable(const std::string& name, std::string& why) const {
  if (const auto found = options_.variables.find(name); found != options_.variables.end()) {
    return found->second;
  }
  const std::string shown = base::shown(name);
  const std::string remedy = fmt::format("give it with --var {}=VALUE", shown);
  if (is_one_of(name, kPredefined) || name.starts_with("devspace.") ||
      name.starts_with("runtime.")) {
    why = fmt::format("only DevSpace knows the value of ${{{}}}: {}", shown, remedy);
    return std::nullopt;
  }
  const auto found = file_.vars.by_name.find(name);
  const devspace::Variable variable =
      found == file_.vars.by_name.end() ? devspace::Variable{} : found->second;
  if (auto value = text_of(variable.value, variable.value_path)) return value;
  if (variable.has_command) {
    why = fmt::format("only DevSpace runs the command of ${{{}}}: {}", shown, remedy);
    return std::nullopt;
  }
  const bool from_environment =
      variable.source.empty() || variable.source == "all" || variable.source == "env";
  if (from_environment) {
    std::string value = base::variable(options_.environment, name);
    if (!value.empty()) return value;
  }
  if (auto value = text_of(variable.default_value, variable.default_path)) return value;
  why = fmt::format("the value of ${{{}}} is not in the file{}: {}", shown,
                    from_environment ? " or the environment" : "", remedy);
  return std::nullopt;
}

bool Importer::is_password(const std::string& name) const {
  const auto found = file_.vars.by_name.find(name);
  return found != file_.vars.by_name.end() && found->second.is_password;
}

// Returns the value of a variable, with the variables in it replaced. Counts the replacement,
// because variables that contain each other several times can need exponentially many replacements.
std::optional<std::string> Importer::replacement(const std::string& name, int depth,
                                                 std::string& why) {
  if (depth == 0) {
    why = fmt::format("the value of ${{{}}} refers to itself, or to too many other variables",
                      base::shown(name));
    return std::nullopt;
  }
  if (++replacements_ > kReplacements) {
    why =
        fmt::format("replacing the variables of the file takes more than {} steps", kReplacements);
    return std::nullopt;
  }
  const auto value = variable(name, why);
  if (!value) return std::nullopt;
  replaced_bytes_ += value->size();
  if (replaced_bytes_ > limits::kYamlExpandedBytes) {
    why = kTooLong;
    return std::nullopt;
  }
  if (!is_password(name)) return replace(*value, depth - 1, why);
  ++passwords_;
  auto result = replace(*value, depth - 1, why);
  // The reason may quote the value, or name a variable that is a part of it.
  if (!result) {
    why = fmt::format(
        "the value of ${{{}}} contains a variable or an expression that cannot be replaced; the "
        "value is not shown, because the variable has `password: true`",
        base::shown(name));
  }
  return result;
}

std::optional<std::string> Importer::replace(std::string_view text, int depth, std::string& why) {
  std::string result;
  const std::size_t passwords = passwords_;
  while (!text.empty()) {
    const std::size_t begin = find_variable(text);
    if (begin == std::string_view::npos) break;
    const std::size_t open = text.find('{', begin) + 1;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) break;
    const auto inner =
        replacement(std::string(base::trimmed(text.substr(open, close - open), " \t")), depth, why);
    if (!inner) return std::nullopt;
    result += text.substr(0, begin);
    result += *inner;
    text.remove_prefix(close + 1);
    if (result.size() > limits::kYamlBytes) {
      why = kTooLong;
      return std::nullopt;
    }
  }
  result += text;
  if (!devspace::is_expression(result)) return result;
  const std::string quoted = fmt::format("\"{}\"", base::shown(result));
  why = fmt::format("{} is an expression that only DevSpace can evaluate",
                    passwords_ == passwords ? std::string_view(quoted) : kHidden);
  return std::nullopt;
}

std::optional<std::string> Importer::resolve(const std::string& path, std::string_view expression,
                                             std::string_view left_out) {
  std::string why;
  const std::size_t passwords = passwords_;
  auto result = replace(expression, kVariableDepth, why);
  if (passwords_ != passwords) hidden_.insert(path);
  if (!result) note(path, fmt::format("{}, because {}", left_out, why));
  return result;
}

std::optional<std::string> Importer::text(const std::string& path,
                                          const Setting<std::string>& setting) {
  if (setting.is_written) return *positions_.written(path);
  if (setting.expression.empty()) return setting.value;
  return resolve(path, setting.expression);
}

std::optional<bool> Importer::boolean(const std::string& path, const Setting<bool>& setting) {
  if (setting.expression.empty()) return setting.value;
  const auto value = resolve(path, setting.expression);
  if (!value) return std::nullopt;
  constexpr std::string_view kTrue[] = {"true", "True", "TRUE"};
  constexpr std::string_view kFalse[] = {"false", "False", "FALSE"};
  if (!is_one_of(*value, kTrue) && !is_one_of(*value, kFalse)) {
    fail(path, fmt::format("expected true or false, found {}", shown(path, *value)));
  }
  return is_one_of(*value, kTrue);
}

std::optional<std::int64_t> Importer::number(const std::string& path, const Setting<int>& setting) {
  if (!setting.given()) return std::nullopt;
  std::optional<std::int64_t> result;
  std::string found = "a string";
  if (setting.is_written) {
    if (const std::string* const written = positions_.written(path)) {
      result = devspace::integer_of_yaml(*written);
      found = shown(path, *written);
    }
  } else {
    in_integer_ = true;
    const auto value = resolve(path, setting.expression);
    in_integer_ = false;
    if (!value) return std::nullopt;
    result = devspace::integer_of_text(*value);
    found = shown(path, *value);
  }
  if (!result) fail(path, "expected an integer, found " + found);
  return result;
}

void Importer::take_registry(const devspace::LocalRegistry& from, Spec& to) {
  to.enabled = boolean("localRegistry.enabled", from.enabled);
  to.localbuild = boolean("localRegistry.localbuild", from.localbuild);
  to.namespace_name = text("localRegistry.namespace", from.namespace_name).value_or("");
  to.name = text("localRegistry.name", from.name).value_or("");
  to.image = take_reference("localRegistry.image", from.image);
  to.buildkit_image = take_reference("localRegistry.buildKitImage", from.buildkit_image);
  const std::string path = "localRegistry.port";
  const auto port = number(path, from.port);
  if (port && (*port < 1 || *port > kPortMost)) {
    fail(path, fmt::format("{} is not between 1 and {}",
                           hidden_.contains(path) ? kHidden : std::to_string(*port), kPortMost));
  }
  to.port = static_cast<int>(port.value_or(0));
  if (from.persistence) take_persistence(*from.persistence, to);
  check_registry(to);
}

void Importer::check_registry(const Spec& spec) {
  const std::string path = "localRegistry.name";
  const std::string other = "localRegistry.namespace";
  if (!spec.namespace_name.empty() && !base::is_dns_label(spec.namespace_name)) {
    fail(other, fmt::format("{} is not a Kubernetes name: use a-z, 0-9 and -",
                            shown(other, spec.namespace_name)));
  } else if (!spec.namespace_name.empty() && spec.namespace_name != options_.namespace_name) {
    const std::string name =
        hidden_.contains(other) ? "this namespace" : "namespace " + spec.namespace_name;
    note(other, fmt::format("if you create the LocalRegistry in another namespace, {} must list "
                            "that namespace in its annotation localregistry.dev/allow-from",
                            name));
  }
  if (spec.name.empty()) return;
  if (!base::is_dns_label(spec.name) || !is_letter(spec.name.front())) {
    fail(path, fmt::format("{} is not a Kubernetes Service name: use a-z, 0-9 and -, and begin "
                           "with a letter",
                           shown(path, spec.name)));
  } else if (spec.persistence.enabled.value_or(false) && spec.name.size() > kPersistentNameBytes) {
    fail(path, fmt::format("{} is longer than {} characters, the maximum with persistence",
                           shown(path, spec.name), kPersistentNameBytes));
  }
}

void Importer::take_persistence(const devspace::Persistence& from, Spec& to) {
  const std::string path = "localRegistry.persistence";
  to.persistence.enabled = boolean(path + ".enabled", from.enabled);
  const std::string size = text(path + ".size", from.size).value_or("");
  if (!size.empty() && (!api::is_quantity(size) || size.size() > kQuantityBytes)) {
    fail(path + ".size",
         fmt::format("{} is not a quantity such as 5Gi", shown(path + ".size", size)));
  } else if (!size.empty() && api::compare({size}, {"0"}) != std::strong_ordering::greater) {
    fail(path + ".size", fmt::format("{} is not greater than zero", shown(path + ".size", size)));
  }
  to.persistence.size = size;
  const std::string name = text(path + ".storageClassName", from.storage_class_name).value_or("");
  if (!name.empty() && !base::is_dns_subdomain(name)) {
    fail(path + ".storageClassName",
         fmt::format("{} is not a Kubernetes name: use a-z, 0-9, - and .",
                     shown(path + ".storageClassName", name)));
  }
  to.persistence.storage_class_name = name;
}

// Reads the reference of an image that runs in the registry's pod.
std::string Importer::take_reference(const std::string& path, const Setting<std::string>& from) {
  std::string image = text(path, from).value_or("");
  if (image.empty()) return image;
  const auto reference = api::parse_image_reference(image);
  if (!reference) fail(path, reference.error().message);
  if (image.size() > limits::kSpecImageBytes) {
    fail(path, fmt::format("longer than {} characters", limits::kSpecImageBytes));
  }
  return image;
}

void Importer::add_tag(const std::string& path, const std::string& tag, api::ImageSpec& to) {
  if (std::find(to.tags.begin(), to.tags.end(), tag) != to.tags.end()) return;
  if (tag.find('#') != std::string::npos) {
    note(path, "left out, because only DevSpace replaces # with random characters");
  } else if (!api::parse_image_reference("x:" + tag)) {
    fail(path, fmt::format("{} is not a tag", shown(path, tag)));
  } else if (to.tags.size() == limits::kSpecImageTags) {
    note(path, fmt::format("left out, because an image of a LocalRegistry has at most {} tags",
                           limits::kSpecImageTags));
  } else {
    to.tags.push_back(tag);
  }
}

void Importer::take_tags(const std::string& path, const devspace::Image& from, api::ImageSpec& to) {
  for (std::size_t i = 0; i < from.tags.size(); ++i) {
    const std::string where = fmt::format("{}.tags[{}]", path, i);
    if (const auto tag = text(where, from.tags[i])) add_tag(where, *tag, to);
  }
}

// Returns the reference of an image. If only its tag contains an unknown variable, leaves out the
// tag.
std::optional<std::string> Importer::image_of(const std::string& path,
                                              const Setting<std::string>& setting) {
  const std::string& expression = setting.expression;
  const auto parsed = parse_template(expression);
  if (!parsed || parsed->repository == expression.size()) return text(path, setting);
  auto image = resolve(path, expression.substr(0, parsed->repository));
  if (!image) return std::nullopt;
  const auto tag = resolve(path, expression.substr(parsed->repository), "its tag is left out");
  return *image + tag.value_or("");
}

void Importer::take_image(const std::string& key, const devspace::Image& from, Spec& to) {
  const std::string path = "images." + key;
  if (!from.image.given()) return fail(path, "the field image is missing");
  const auto image = image_of(path + ".image", from.image);
  if (!image) return;
  const auto reference = api::parse_image_reference(*image);
  if (!reference) return fail(path + ".image", reference.error().message);
  if (!reference->digest.empty()) {
    return fail(path + ".image",
                "has a digest, which is known only after the image is built: remove the digest");
  }
  api::ImageSpec spec{key, *image, {}};
  if (!reference->tag.empty()) {
    // The tag of the reference becomes the first of the tags, as in DevSpace.
    spec.image.resize(image->size() - reference->tag.size() - 1);
    add_tag(path + ".image", reference->tag, spec);
  }
  if (spec.image.size() > limits::kSpecImageBytes) {
    return fail(path + ".image", fmt::format("longer than {} characters", limits::kSpecImageBytes));
  }
  take_tags(path, from, spec);
  if (!is_image_name(key)) {
    note(path, fmt::format(
                   "left out, because \"{}\" cannot name an image of a LocalRegistry: use at most "
                   "63 letters, digits, '-', '_' and '.', with a letter or digit at both ends",
                   base::shown(key)));
  } else if (to.images.size() == limits::kSpecImages) {
    note(path, fmt::format("left out, because a LocalRegistry has at most {} images",
                           limits::kSpecImages));
  } else {
    to.images.push_back(std::move(spec));
  }
}

void Importer::take_images(Spec& to) {
  for (const auto& [key, image] : file_.images) take_image(key, image, to);
}

std::string Importer::resource_name() {
  if (!options_.name.empty()) return options_.name;
  const auto name = text("name", file_.name);
  if (name && base::is_dns_subdomain(*name)) return *name;
  if (name) {
    note("name", fmt::format("{} is not a Kubernetes name, so the LocalRegistry is named {}: "
                             "choose another name with --name",
                             shown("name", *name), kDefaultName));
  }
  return std::string(kDefaultName);
}

void Importer::explain_unknown(const std::vector<std::string>& unknown) {
  std::vector<std::string> sections;
  for (const std::string& path : unknown) {
    const std::size_t dot = path.rfind('.');
    const std::string name = path.substr(dot == std::string::npos ? 0 : dot + 1);
    const auto hint = std::find_if(std::begin(kImageHints), std::end(kImageHints),
                                   [&](const Hint& one) { return one.field == name; });
    const bool of_image = path.starts_with("images.");
    if (dot == std::string::npos && is_one_of(name, kChanging)) {
      note(path,
           fmt::format("ignored, because only DevSpace applies it: import the output of {} instead",
                       kPrint));
    } else if (dot == std::string::npos && is_one_of(name, kOtherSections)) {
      sections.push_back(name);
    } else if (of_image && hint != std::end(kImageHints)) {
      note(path, fmt::format("not carried over: {}", hint->remedy));
    } else if (of_image && is_one_of(name, kImageFields)) {
      note(path, "not carried over: a LocalRegistry does not build images");
    } else {
      note(path, "not carried over: devspace.yaml has no such field");
    }
  }
  if (sections.empty()) return;
  notes_.push_back(
      fmt::format("{}: sections that a LocalRegistry does not need: {}; `kubectl localregistry "
                  "rewrite` rewrites the images that they name",
                  options_.file, fmt::join(sections, ", ")));
}

Manifest Importer::manifest() {
  Manifest manifest{"localregistry.dev/v1alpha1", "LocalRegistry", {}, Spec{}};
  manifest.metadata = {resource_name(), options_.namespace_name};
  if (file_.local_registry) take_registry(*file_.local_registry, *manifest.spec);
  take_images(*manifest.spec);
  return manifest;
}

Outcome<Imported> Importer::run(const std::vector<std::string>& unknown) {
  const Manifest result = manifest();
  explain_unknown(unknown);
  if (failure_) return *failure_;
  return Imported{json::encode(result), std::move(notes_)};
}

// Checks the version before all else, because other versions define the sections differently.
// Returns nullopt if the version is right or missing.
std::optional<Failure> wrong_version(json::View root, const json::Positions& positions,
                                     const ImportOptions& options) {
  const auto version = root.find("version");
  if (!version || version->kind() == json::Kind::kNull) return std::nullopt;
  const std::string* const written = positions.written("version");
  std::string shown = written != nullptr ? *written : "a value of another type";
  if (version->kind() == json::Kind::kString) shown = version->string();
  if (shown == kVersion) return std::nullopt;
  const json::Position position = positions.find("version");
  return Failure{
      ExitCode::kFailure,
      fmt::format("{}:{}:{}: version: {} is not {}: import the output of {} instead", options.file,
                  position.line, position.column, base::shown(shown), kVersion, kPrint)};
}

}  // namespace

Outcome<Imported> import_devspace(std::string_view yaml, const ImportOptions& options) {
  const auto failed = [&](const std::string& message) {
    return Failure{ExitCode::kFailure, fmt::format("{}: {}", options.file, message)};
  };
  if (!options.name.empty() && !base::is_dns_subdomain(options.name)) {
    return Failure{ExitCode::kUsage,
                   fmt::format("--name: \"{}\" is not a Kubernetes name: use a-z, 0-9, - and .",
                               base::shown(options.name))};
  }
  const auto text = json::from_yaml_with_positions(yaml);
  if (!text) return failed(text.error().message);
  const auto document = json::Document::parse(text->text);
  if (!document) return failed(document.error().message);
  if (document->root().kind() != json::Kind::kObject) {
    return failed("not a devspace.yaml: expected a map with localRegistry and images");
  }
  if (auto failure = wrong_version(document->root(), text->positions, options)) return *failure;
  const auto file = json::decode<devspace::File>(document->root());
  if (!file) {
    const std::string path = file.error().causes.empty() ? "" : file.error().causes.front().field;
    const json::Position position = text->positions.find(path);
    return Failure{ExitCode::kFailure, fmt::format("{}:{}:{}: {}", options.file, position.line,
                                                   position.column, file.error().message)};
  }
  return Importer(options, *file, text->positions)
      .run(json::unknown_members<devspace::File>(document->root()));
}

}  // namespace cli
