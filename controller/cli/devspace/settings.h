// SettingReader turns the settings of a devspace.yaml into values. It replaces variables as
// DevSpace does. If only DevSpace knows the value of a variable, the setting is left out with a
// note; a value of the wrong type is a failure. A SettingReader has one owner and is used on one
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/devspace/file.h"
#include "cli/devspace/import.h"
#include "cli/devspace/import_report.h"
#include "json/text/yaml.h"

namespace cli {

class SettingReader {
 public:
  // All arguments must outlive the object. `variables`: the section `vars`.
  SettingReader(const ImportOptions& options, const devspace::Variables& variables,
                const json::Positions& positions, ImportReport& report)
      : options_(options), variables_(variables), positions_(positions), report_(report) {}

  // These functions return the value of a setting; nullopt if it is not set or is left out. The
  // ImportReport gets the notes and failures. `path`: the path of the setting in the file, such as
  // "localRegistry.port".
  std::optional<std::string> text(const std::string& path,
                                  const devspace::Setting<std::string>& setting);
  std::optional<bool> boolean(const std::string& path, const devspace::Setting<bool>& setting);
  std::optional<std::int64_t> number(const std::string& path,
                                     const devspace::Setting<int>& setting);

  // Returns the reference of an image in the same way. If only its tag contains an unknown
  // variable, leaves out only the tag.
  std::optional<std::string> image(const std::string& path,
                                   const devspace::Setting<std::string>& setting);

 private:
  // Replaces the variables in the text. If a variable is unknown, returns nullopt and adds a note
  // that begins with `left_out`.
  std::optional<std::string> resolve(const std::string& path, std::string_view expression,
                                     std::string_view left_out = "left out");
  // replace(), replacement() and variable() set `why` to the reason when they return nullopt.
  std::optional<std::string> replace(std::string_view text, int depth, std::string& why);
  std::optional<std::string> replacement(const std::string& name, int depth, std::string& why);
  std::optional<std::string> variable(const std::string& name, std::string& why) const;
  std::optional<std::string> text_of(const std::optional<std::string>& value,
                                     const std::string& path) const;
  bool is_password(const std::string& name) const;

  const ImportOptions& options_;
  const devspace::Variables& variables_;
  const json::Positions& positions_;
  ImportReport& report_;
  std::size_t replacements_ = 0;    // variables replaced so far
  std::size_t replaced_bytes_ = 0;  // total size of their values, bytes
  std::size_t passwords_ = 0;       // replaced variables with `password: true`
  bool in_integer_ = false;         // the field whose variables are replaced is an integer
};

}  // namespace cli
