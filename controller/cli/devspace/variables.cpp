#include "cli/devspace/variables.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/text/quote.h"
#include "base/text/text.h"
#include "cli/cluster/registry_status.h"
#include "cli/terminal/output.h"
#include "json/fields.h"
#include "json/value.h"

namespace cli {
namespace {

std::string encode_tags(const std::vector<std::string>& tags) {
  json::Writer writer;
  json::Codec<std::vector<std::string>>::encode(writer, tags);
  return writer.take();
}

ImageVariables variables_of(const ImageDelivery& image) {
  const std::string& resolved = image.resolved;
  const std::string tag = image.tags.empty() ? "latest" : image.tags.front();
  const std::string runtime = "runtime.images." + image.name;
  ImageVariables result;
  result.image = image.name;
  result.runtime = {
      {runtime, resolved + ":" + tag}, {runtime + ".image", resolved}, {runtime + ".tag", tag}};
  result.hook = {{"DEVSPACE_HOOK_IMAGE_NAME", resolved},
                 {"DEVSPACE_HOOK_IMAGE_CONFIG_NAME", image.name},
                 {"DEVSPACE_HOOK_IMAGE_TAGS",
                  encode_tags(image.tags.empty() ? std::vector<std::string>{tag} : image.tags)},
                 {"DEVSPACE_HOOK_IMAGE_CONFIG",
                  json::encode(api::ImageSpec{image.name, image.image, image.tags})}};
  return result;
}

bool is_shell_name(std::string_view name) {
  const auto is_inner = [](char c) { return base::is_alphanumeric(c) || c == '_'; };
  return !name.empty() && !base::is_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), is_inner);
}

// Returns whether the value needs no quotes in a .env file: it has no character to which a program
// that reads such files may give a meaning.
bool is_bare(std::string_view value) {
  constexpr std::string_view kSpecial = " \t\r\n#$`\\'!;&|<>*?~";
  return value.find_first_of(kSpecial) == std::string_view::npos && !value.starts_with('"');
}

bool has_space(std::string_view value) {
  return value.find_first_of(base::kWhiteSpace) != std::string_view::npos;
}

Outcome<std::string> line_of(const Variable& variable, VariablesFormat format) {
  const auto& [name, value] = variable;
  // A line break in the value would end a comment, and eval would run the rest of the value.
  const std::string shown = fmt::format("{}={}", name, value);
  if (printable(shown) != shown) {
    return Failure{
        ExitCode::kFailure,
        fmt::format("variable {} contains control characters: use --output json", printable(name))};
  }
  if (format == VariablesFormat::kShell) {
    if (!is_shell_name(name)) return fmt::format("# {}={}\n", name, value);
    return fmt::format("export {}={}\n", name, shell_quoted(value));
  }
  if (format == VariablesFormat::kEnv && has_space(shown)) {
    return Failure{ExitCode::kFailure,
                   fmt::format("variable {} contains white space, which --output env cannot "
                               "represent: use --output json",
                               name)};
  }
  if (format == VariablesFormat::kEnv || is_bare(value)) return fmt::format("{}={}\n", name, value);
  if (value.find_first_of("'\r\n") == std::string::npos)
    return fmt::format("{}='{}'\n", name, value);
  return Failure{
      ExitCode::kFailure,
      fmt::format(
          "variable {} contains a quote and other special characters, which --output dotenv cannot "
          "represent: use --output json",
          name)};
}

void write_object(json::Writer& writer, const std::vector<Variable>& variables) {
  for (const auto& [name, value] : variables) {
    writer.key(name);
    writer.string(value);
  }
}

std::string encode(const std::vector<ImageVariables>& images) {
  json::Writer writer;
  writer.begin_object();
  writer.key("variables");
  writer.begin_object();
  for (const ImageVariables& image : images) write_object(writer, image.runtime);
  writer.end_object();
  writer.key("hooks");
  writer.begin_array();
  for (const ImageVariables& image : images) {
    writer.begin_object();
    write_object(writer, image.hook);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return writer.take();
}

// Returns the name of a variable that two images set; null if there is none. Images "a" and "a.tag"
// both set runtime.images.a.tag.
const std::string* find_duplicate_variable(const std::vector<ImageVariables>& images) {
  std::set<std::string_view> names;
  for (const ImageVariables& image : images) {
    for (const auto& [name, value] : image.runtime) {
      if (!names.insert(name).second) return &name;
    }
  }
  return nullptr;
}

}  // namespace

Outcome<std::vector<ImageVariables>> image_variables(const api::LocalRegistry& registry,
                                                     const std::string& only) {
  const auto deliveries = image_deliveries(registry, only);
  if (!deliveries) return deliveries.error();
  std::vector<ImageVariables> result;
  for (const ImageDelivery& image : *deliveries) result.push_back(variables_of(image));
  if (const std::string* twice = find_duplicate_variable(result)) {
    return Failure{ExitCode::kFailure, fmt::format("two images set the same variable {}: rename "
                                                   "one of them in spec.images of LocalRegistry {}",
                                                   *twice, registry.metadata.name)};
  }
  return result;
}

Outcome<std::string> print_variables(const std::vector<ImageVariables>& images,
                                     VariablesFormat format) {
  if (format == VariablesFormat::kJson) return print_text(encode(images), Output::kJson);
  if (format == VariablesFormat::kYaml) return print_text(encode(images), Output::kYaml);
  std::string text;
  const auto append = [&](const std::vector<Variable>& variables) -> Outcome<> {
    for (const Variable& variable : variables) {
      const auto line = line_of(variable, format);
      if (!line) return line.error();
      text += *line;
    }
    return {};
  };
  const bool commented = format != VariablesFormat::kEnv && images.size() > 1;
  for (const ImageVariables& image : images) {
    if (commented) text += fmt::format("# image {}\n", image.image);
    for (const auto* variables : {&image.runtime, &image.hook}) {
      if (const auto appended = append(*variables); !appended) return appended.error();
    }
  }
  return text;
}

}  // namespace cli
