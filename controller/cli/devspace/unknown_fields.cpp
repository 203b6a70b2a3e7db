#include "cli/devspace/unknown_fields.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text/text.h"
#include "cli/devspace/file.h"

namespace cli {
namespace {

using base::is_one_of;

// Hint is a field of an image that is not carried over, and what the user can do instead.
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
    {"rebuildStrategy", "you decide when to build, by running `kubectl localregistry build`"},
    {"skipPush", "a LocalRegistry pushes nothing by itself"},
};
constexpr std::string_view kImageFields[] = {
    "entrypoint",       "cmd",      "appendDockerfileInstructions",
    "network",          "buildKit", "docker",
    "kaniko",           "custom",   "injectRestartHelper",
    "restartHelperPath"};

// These sections may change the content of the sections localRegistry and images.
constexpr std::string_view kChanging[] = {"profiles", "imports", "dependencies"};
// A LocalRegistry does not need these sections.
constexpr std::string_view kOtherSections[] = {"functions", "pipelines",   "deployments", "dev",
                                               "commands",  "pullSecrets", "require",     "hooks"};

}  // namespace

void explain_unknown_fields(const std::vector<std::string>& unknown, ImportReport& report) {
  std::vector<std::string> sections;
  for (const std::string& path : unknown) {
    const std::size_t dot = path.rfind('.');
    const std::string name = path.substr(dot == std::string::npos ? 0 : dot + 1);
    const auto hint = std::find_if(std::begin(kImageHints), std::end(kImageHints),
                                   [&](const Hint& one) { return one.field == name; });
    const bool of_image = path.starts_with("images.");
    if (dot == std::string::npos && is_one_of(name, kChanging)) {
      report.note(
          path,
          fmt::format("ignored, because only DevSpace applies it: import the output of {} instead",
                      kDevSpacePrint));
    } else if (dot == std::string::npos && is_one_of(name, kOtherSections)) {
      sections.push_back(name);
    } else if (of_image && hint != std::end(kImageHints)) {
      report.note(path, fmt::format("not carried over: {}", hint->remedy));
    } else if (of_image && is_one_of(name, kImageFields)) {
      report.note(path, "not carried over: a LocalRegistry does not build images");
    } else {
      report.note(path, "not carried over: DevSpace has no such field; check its spelling");
    }
  }
  if (sections.empty()) return;
  report.note(fmt::format(
      "not carried over: the sections {}, which a LocalRegistry does not need; `kubectl "
      "localregistry rewrite` rewrites the images in them",
      fmt::join(sections, ", ")));
}

}  // namespace cli
