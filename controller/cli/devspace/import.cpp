#include "cli/devspace/import.h"

#include <fmt/core.h>

#include "api/images/image_reference.h"
#include "api/local_registry.h"
#include "api/quantity.h"
#include "base/limits.h"
#include "base/text/dns_name.h"
#include "base/text/quote.h"
#include "base/text/text.h"
#include "cli/cluster/names.h"
#include "cli/devspace/file.h"
#include "cli/devspace/import_report.h"
#include "cli/devspace/manifest.h"
#include "cli/devspace/settings.h"
#include "cli/devspace/unknown_fields.h"
#include "json/sieve/unknown.h"
#include "json/text/yaml.h"
#include "json/value.h"

namespace cli {
namespace {

constexpr std::string_view kDefaultName = "dev";
constexpr std::string_view kVersion = "v2beta1";
constexpr std::size_t kQuantityBytes = 32;
constexpr std::size_t kPersistentNameBytes = 52;  // a StatefulSet adds a suffix to its name

using devspace::Setting;
using manifest::Manifest;
using manifest::Spec;

class Importer {
 public:
  Importer(const ImportOptions& options, const devspace::File& file,
           const json::Positions& positions)
      : options_(options),
        file_(file),
        report_(options.file, positions),
        reader_(options, file.vars, positions, report_) {}

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

  const ImportOptions& options_;
  const devspace::File& file_;
  ImportReport report_;
  SettingReader reader_;
};

void Importer::take_registry(const devspace::LocalRegistry& from, Spec& to) {
  to.enabled = reader_.boolean("localRegistry.enabled", from.enabled);
  to.localbuild = reader_.boolean("localRegistry.localbuild", from.localbuild);
  to.namespace_name = reader_.text("localRegistry.namespace", from.namespace_name).value_or("");
  to.name = reader_.text("localRegistry.name", from.name).value_or("");
  to.image = take_reference("localRegistry.image", from.image);
  to.buildkit_image = take_reference("localRegistry.buildKitImage", from.buildkit_image);
  const std::string path = "localRegistry.port";
  const auto port = reader_.number(path, from.port);
  if (port && (*port < 1 || *port > api::kMaxPort)) {
    report_.fail(path, fmt::format("{} is not between 1 and {}",
                                   report_.is_hidden(path) ? kHiddenValue : std::to_string(*port),
                                   api::kMaxPort));
  }
  to.port = static_cast<int>(port.value_or(0));
  if (from.persistence) take_persistence(*from.persistence, to);
  check_registry(to);
}

void Importer::check_registry(const Spec& spec) {
  const std::string path = "localRegistry.name";
  const std::string other = "localRegistry.namespace";
  if (!spec.namespace_name.empty() && !base::is_dns_label(spec.namespace_name)) {
    report_.fail(other, fmt::format("{} is not a Kubernetes name: use a-z, 0-9 and -",
                                    report_.shown(other, spec.namespace_name)));
  } else if (!spec.namespace_name.empty() && spec.namespace_name != options_.namespace_name) {
    const std::string name = report_.is_hidden(other) ? "the namespace in this field"
                                                      : "namespace " + spec.namespace_name;
    report_.note(other,
                 fmt::format("the registry runs in {0}: create the LocalRegistry there, too, "
                             "or add the LocalRegistry's namespace to the annotation "
                             "localregistry.dev/allow-from of {0}",
                             name));
  }
  if (spec.name.empty()) return;
  if (!base::is_dns_label(spec.name) || !base::is_letter(spec.name.front())) {
    report_.fail(path,
                 fmt::format("{} is not a Kubernetes Service name: use a-z, 0-9 and -, and begin "
                             "with a letter",
                             report_.shown(path, spec.name)));
  } else if (spec.persistence.enabled.value_or(false) && spec.name.size() > kPersistentNameBytes) {
    report_.fail(path, fmt::format("{} is longer than {} characters, the maximum with persistence",
                                   report_.shown(path, spec.name), kPersistentNameBytes));
  }
}

void Importer::take_persistence(const devspace::Persistence& from, Spec& to) {
  const std::string path = "localRegistry.persistence";
  to.persistence.enabled = reader_.boolean(path + ".enabled", from.enabled);
  const std::string size = reader_.text(path + ".size", from.size).value_or("");
  if (!size.empty() && (!api::is_quantity(size) || size.size() > kQuantityBytes)) {
    report_.fail(path + ".size", fmt::format("{} is not a quantity such as 5Gi",
                                             report_.shown(path + ".size", size)));
  } else if (!size.empty() && api::compare({size}, {"0"}) != std::strong_ordering::greater) {
    report_.fail(path + ".size",
                 fmt::format("{} is not greater than zero", report_.shown(path + ".size", size)));
  }
  to.persistence.size = size;
  const std::string name =
      reader_.text(path + ".storageClassName", from.storage_class_name).value_or("");
  if (!name.empty() && !base::is_dns_subdomain(name)) {
    report_.fail(path + ".storageClassName",
                 fmt::format("{} is not a Kubernetes name: use a-z, 0-9, - and .",
                             report_.shown(path + ".storageClassName", name)));
  }
  to.persistence.storage_class_name = name;
}

// Reads the reference of an image that runs in the registry's pod.
std::string Importer::take_reference(const std::string& path, const Setting<std::string>& from) {
  std::string image = reader_.text(path, from).value_or("");
  if (image.empty()) return image;
  const auto reference = api::parse_image_reference(image);
  if (!reference) report_.fail(path, reference.error().message);
  if (image.size() > limits::kSpecImageBytes) {
    report_.fail(
        path, fmt::format("the reference is longer than {} characters", limits::kSpecImageBytes));
  }
  return image;
}

void Importer::add_tag(const std::string& path, const std::string& tag, api::ImageSpec& to) {
  if (base::is_one_of(tag, to.tags)) return;
  if (tag.find('#') != std::string::npos) {
    report_.note(path, "left out, because only DevSpace replaces # with random characters");
  } else if (!api::parse_image_reference("x:" + tag)) {
    report_.fail(path, fmt::format("{} is not a tag", report_.shown(path, tag)));
  } else if (to.tags.size() == limits::kSpecImageTags) {
    report_.note(path,
                 fmt::format("left out, because an image of a LocalRegistry has at most {} tags",
                             limits::kSpecImageTags));
  } else {
    to.tags.push_back(tag);
  }
}

void Importer::take_tags(const std::string& path, const devspace::Image& from, api::ImageSpec& to) {
  for (std::size_t i = 0; i < from.tags.size(); ++i) {
    const std::string where = fmt::format("{}.tags[{}]", path, i);
    if (const auto tag = reader_.text(where, from.tags[i])) add_tag(where, *tag, to);
  }
}

void Importer::take_image(const std::string& key, const devspace::Image& from, Spec& to) {
  const std::string path = "images." + key;
  if (!from.image.given()) return report_.fail(path, "the field image is missing");
  const auto image = reader_.image(path + ".image", from.image);
  if (!image) return;
  const auto reference = api::parse_image_reference(*image);
  if (!reference) return report_.fail(path + ".image", reference.error().message);
  if (!reference->digest.empty()) {
    return report_.fail(
        path + ".image",
        "has a digest, which is known only after the image is built: remove the digest");
  }
  api::ImageSpec spec{key, *image, {}};
  if (!reference->tag.empty()) {
    // The tag of the reference becomes the first of the tags, as in DevSpace.
    spec.image.resize(image->size() - reference->tag.size() - 1);
    add_tag(path + ".image", reference->tag, spec);
  }
  if (spec.image.size() > limits::kSpecImageBytes) {
    return report_.fail(path + ".image", fmt::format("the reference is longer than {} characters",
                                                     limits::kSpecImageBytes));
  }
  take_tags(path, from, spec);
  if (!base::is_label_value(key)) {
    report_.note(
        path,
        fmt::format("left out, because \"{}\" cannot name an image of a LocalRegistry: use at most "
                    "63 letters, digits, '-', '_' and '.', with a letter or digit at both ends",
                    base::shown(key)));
  } else if (to.images.size() == limits::kSpecImages) {
    report_.note(path, fmt::format("left out, because a LocalRegistry has at most {} images",
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
  const auto name = reader_.text("name", file_.name);
  if (name && base::is_dns_subdomain(*name)) return *name;
  if (name) {
    report_.note("name",
                 fmt::format("{} is not a Kubernetes name, so the LocalRegistry is named {}: "
                             "choose another name with --name",
                             report_.shown("name", *name), kDefaultName));
  }
  return std::string(kDefaultName);
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
  explain_unknown_fields(unknown, report_);
  if (report_.failure()) return *report_.failure();
  return Imported{json::encode(result), std::move(report_).notes()};
}

// Returns the failure if the version is not kVersion; nullopt if it is right or missing. This check
// comes first, because other versions define the sections differently.
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
                  position.line, position.column, base::shown(shown), kVersion, kDevSpacePrint)};
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
