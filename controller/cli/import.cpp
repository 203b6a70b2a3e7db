#include "cli/import.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/image_reference.h"
#include "api/local_registry.h"
#include "cli/devspace.h"
#include "cli/names.h"
#include "json/unknown.h"
#include "json/value.h"
#include "json/yaml.h"

namespace cli {
namespace {

constexpr std::string_view kDefaultName = "dev";
constexpr std::string_view kPrint = "`devspace print`";  // the newest version, all applied
constexpr int kPortMost = 65535;
constexpr int kVariableDepth = 8;  // variables in the values of variables

struct Metadata {
  std::string name;
  std::string namespace_name;
};

// What the file says and nothing else: defaults are the CRD's to fill in.
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

// What a field of an image is for, where `build` has a flag for it.
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

// Sections that may change the two that are read.
constexpr std::string_view kChanging[] = {"profiles", "imports", "dependencies"};
constexpr std::string_view kOtherSections[] = {"functions", "pipelines",   "deployments", "dev",
                                               "commands",  "pullSecrets", "require",     "hooks"};

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
  void take_images(Spec& to);
  void take_tags(const std::string& path, const devspace::Image& from, api::ImageSpec& to);
  std::string resource_name();
  void explain_unknown(const std::vector<std::string>& unknown);

  // The text with its variables; nothing, and a note, where one is not known.
  std::optional<std::string> resolve(const std::string& path, const std::string& expression);
  std::optional<std::string> replace(std::string_view text, int depth, std::string& missing);
  const std::string* find_variable(const std::string& name) const;

  std::optional<std::string> text(const std::string& path, const Setting<std::string>& setting);
  std::optional<bool> boolean(const std::string& path, const Setting<bool>& setting);
  std::optional<int> number(const std::string& path, const Setting<int>& setting);

  std::string at(const std::string& path) const;
  void note(const std::string& path, const std::string& message);
  void fail(const std::string& path, const std::string& message);

  const ImportOptions& options_;
  const devspace::File& file_;
  const json::Positions& positions_;
  std::vector<std::string> notes_;
  std::optional<Failure> failure_;  // the first
};

std::string Importer::at(const std::string& path) const {
  const json::Position position = positions_.find(path);
  return fmt::format("{}:{}:{}", options_.file, position.line, position.column);
}

void Importer::note(const std::string& path, const std::string& message) {
  notes_.push_back(fmt::format("{}: {}: {}", at(path), path, message));
}

void Importer::fail(const std::string& path, const std::string& message) {
  if (failure_) return;
  failure_ = Failure{ExitCode::kFailure, fmt::format("{}: {}: {}", at(path), path, message)};
}

const std::string* Importer::find_variable(const std::string& name) const {
  if (const auto found = options_.variables.find(name); found != options_.variables.end()) {
    return &found->second;
  }
  const auto found = file_.vars.find(name);
  if (found == file_.vars.end()) return nullptr;
  if (found->second.value) return &*found->second.value;
  const std::string path = fmt::format("vars.{}", name);
  const std::string* value = positions_.number(path);
  return value == nullptr ? positions_.number(path + ".value") : value;
}

std::optional<std::string> Importer::replace(std::string_view text, int depth,
                                             std::string& missing) {
  std::string result;
  while (!text.empty()) {
    const std::size_t begin = std::min(text.find("${"), text.find("$!{"));
    if (begin == std::string_view::npos) break;
    const std::size_t open = text.find('{', begin) + 1;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) break;
    const std::string name(text.substr(open, close - open));
    const std::string* value = find_variable(name);
    missing = fmt::format("${{{}}}", name);
    if (value == nullptr || depth == 0) return std::nullopt;
    const auto inner = replace(*value, depth - 1, missing);
    if (!inner) return std::nullopt;
    result += text.substr(0, begin);
    result += *inner;
    text.remove_prefix(close + 1);
  }
  result += text;
  if (!devspace::is_expression(result)) return result;
  missing = fmt::format("\"{}\"", result);
  return std::nullopt;
}

std::optional<std::string> Importer::resolve(const std::string& path,
                                             const std::string& expression) {
  std::string missing;
  auto result = replace(expression, kVariableDepth, missing);
  if (result) return result;
  const bool is_variable = missing.front() == '$';
  note(path, is_variable ? fmt::format("left out, for the value of {} is not in the file: give it "
                                       "with --var {}=VALUE",
                                       missing, missing.substr(2, missing.size() - 3))
                         : fmt::format("left out, for only DevSpace evaluates {}", missing));
  return std::nullopt;
}

std::optional<std::string> Importer::text(const std::string& path,
                                          const Setting<std::string>& setting) {
  if (setting.expression.empty()) return setting.value;
  return resolve(path, setting.expression);
}

std::optional<bool> Importer::boolean(const std::string& path, const Setting<bool>& setting) {
  if (setting.expression.empty()) return setting.value;
  const auto value = resolve(path, setting.expression);
  if (!value) return std::nullopt;
  if (*value != "true" && *value != "false") {
    fail(path, fmt::format("expected true or false, found \"{}\"", *value));
  }
  return *value == "true";
}

std::optional<int> Importer::number(const std::string& path, const Setting<int>& setting) {
  if (setting.expression.empty()) return setting.value;
  const auto value = resolve(path, setting.expression);
  if (!value) return std::nullopt;
  int result = 0;
  const char* end = value->data() + value->size();
  const auto [stop, error] = std::from_chars(value->data(), end, result);
  if (error != std::errc() || stop != end) {
    fail(path, fmt::format("expected an integer, found \"{}\"", *value));
  }
  return result;
}

void Importer::take_registry(const devspace::LocalRegistry& from, Spec& to) {
  to.enabled = boolean("localRegistry.enabled", from.enabled);
  to.localbuild = boolean("localRegistry.localbuild", from.localbuild);
  to.namespace_name = text("localRegistry.namespace", from.namespace_name).value_or("");
  to.name = text("localRegistry.name", from.name).value_or("");
  to.image = text("localRegistry.image", from.image).value_or("");
  to.buildkit_image = text("localRegistry.buildKitImage", from.buildkit_image).value_or("");
  const auto port = number("localRegistry.port", from.port);
  if (port && (*port < 1 || *port > kPortMost)) {
    fail("localRegistry.port", fmt::format("{} is not between 1 and {}", *port, kPortMost));
  }
  to.port = port.value_or(0);
  for (const auto& [path, name] : {std::pair("localRegistry.namespace", &to.namespace_name),
                                   std::pair("localRegistry.name", &to.name)}) {
    if (!name->empty() && !is_dns_label(*name)) {
      fail(path, fmt::format("\"{}\" is no name in Kubernetes: use a-z, 0-9 and -", *name));
    }
  }
  if (!to.namespace_name.empty() && to.namespace_name != options_.namespace_name) {
    note("localRegistry.namespace",
         fmt::format("unless the LocalRegistry is in {0} itself, the namespace {0} has to allow it "
                     "with the annotation localregistry.dev/allow-from",
                     to.namespace_name));
  }
  if (!from.persistence) return;
  const std::string path = "localRegistry.persistence";
  to.persistence.enabled = boolean(path + ".enabled", from.persistence->enabled);
  to.persistence.size = text(path + ".size", from.persistence->size).value_or("");
  if (!to.persistence.size.empty() && !api::is_quantity(to.persistence.size)) {
    fail(path + ".size", fmt::format("\"{}\" is no quantity such as 5Gi", to.persistence.size));
  }
  to.persistence.storage_class_name =
      text(path + ".storageClassName", from.persistence->storage_class_name).value_or("");
}

void Importer::take_tags(const std::string& path, const devspace::Image& from, api::ImageSpec& to) {
  for (std::size_t i = 0; i < from.tags.size(); ++i) {
    const std::string where = fmt::format("{}.tags[{}]", path, i);
    const auto tag = text(where, from.tags[i]);
    if (!tag) continue;
    if (tag->find('#') != std::string::npos) {
      note(where, "left out, for only DevSpace replaces # by random characters");
    } else if (!api::parse_image_reference("x:" + *tag)) {
      fail(where, fmt::format("\"{}\" is no tag", *tag));
    } else {
      to.tags.push_back(*tag);
    }
  }
}

void Importer::take_images(Spec& to) {
  for (const auto& [key, from] : file_.images) {
    const std::string path = "images." + key;
    if (!from.image.given()) fail(path, "the field image is missing");
    const auto image = text(path + ".image", from.image);
    if (!image) continue;
    const auto reference = api::parse_image_reference(*image);
    if (!reference) {
      fail(path + ".image", reference.error().message);
    } else if (!reference->tag.empty() || !reference->digest.empty()) {
      fail(path + ".image", "has a tag or a digest: write the repository alone, tags into tags");
    }
    api::ImageSpec spec{key, *image, {}};
    take_tags(path, from, spec);
    to.images.push_back(std::move(spec));
  }
}

std::string Importer::resource_name() {
  if (!options_.name.empty()) return options_.name;
  const auto name = text("name", file_.name);
  if (name && is_dns_subdomain(*name)) return *name;
  if (name) {
    note("name", fmt::format("\"{}\" is no name in Kubernetes: the LocalRegistry is called {}; "
                             "--name gives it another one",
                             *name, kDefaultName));
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
      note(path, fmt::format("not read: to have it applied, import what {} prints", kPrint));
    } else if (dot == std::string::npos && is_one_of(name, kOtherSections)) {
      sections.push_back(name);
    } else if (of_image && hint != std::end(kImageHints)) {
      note(path, fmt::format("not carried over: {}", hint->remedy));
    } else if (of_image && is_one_of(name, kImageFields)) {
      note(path, "not carried over: a LocalRegistry does not build by itself");
    } else {
      note(path, "not carried over: DevSpace knows no such field either");
    }
  }
  if (sections.empty()) return;
  notes_.push_back(
      fmt::format("{}: no part of a LocalRegistry: {}; `kubectl localregistry rewrite` "
                  "rewrites the images that they name",
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
  if (file_.version && *file_.version != "v2beta1") {
    fail("version",
         fmt::format("{} is not v2beta1: import what {} prints", *file_.version, kPrint));
  }
  const Manifest result = manifest();
  explain_unknown(unknown);
  if (failure_) return *failure_;
  return Imported{json::encode(result), std::move(notes_)};
}

}  // namespace

Outcome<Imported> import_devspace(std::string_view yaml, const ImportOptions& options) {
  const auto failed = [&](const std::string& message) {
    return Failure{ExitCode::kFailure, fmt::format("{}: {}", options.file, message)};
  };
  const auto text = json::from_yaml_with_positions(yaml);
  if (!text) return failed(text.error().message);
  const auto document = json::Document::parse(text->text);
  if (!document) return failed(document.error().message);
  if (document->root().kind() != json::Kind::kObject) {
    return failed("no devspace.yaml: expected a map with localRegistry and images");
  }
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
