// These types hold the parts of a devspace.yaml (v2beta1) that correspond to fields of a
// LocalRegistry. The types are plain values and can be used on any thread. Source: the
// configuration reference of DevSpace 6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/fields.h"

namespace cli::devspace {

// A Setting is a value, or an expression that DevSpace evaluates to a value: "${REGISTRY}/app",
// "$(git describe)".
template <class T>
struct Setting {
  std::optional<T> value;
  std::string expression;
  // True if only the source text, which json::Positions keeps, has the value. This is so for a
  // number or a boolean where a string is expected, and for every integer.
  bool is_written = false;

  bool given() const { return value.has_value() || !expression.empty() || is_written; }
};

// Returns whether the text contains a variable or a command that DevSpace replaces.
bool is_expression(std::string_view text);

// Parses the words that DevSpace accepts as booleans besides true and false, such as yes, On and n.
// Returns nullopt for any other word, also for true and false.
std::optional<bool> boolean_word(std::string_view text);

// Returns the integer that gopkg.in/yaml.v3, which DevSpace uses, reads from an unquoted value:
// "05000" is octal, "0x1388", "0o11610", "0b101", "5_000" and "5e3" are integers, too. Returns
// nullopt for a text that yaml.v3 does not read as an integer, and for a fraction, which DevSpace
// would cut off.
std::optional<std::int64_t> integer_of_yaml(std::string_view text);

// Returns the integer that DevSpace reads from a value of --var or the environment. Returns nullopt
// if the text is not a decimal number.
std::optional<std::int64_t> integer_of_text(std::string_view text);

struct Persistence {
  Setting<bool> enabled;
  Setting<std::string> size;
  Setting<std::string> storage_class_name;
};

struct LocalRegistry {
  Setting<bool> enabled;
  Setting<bool> localbuild;
  Setting<std::string> namespace_name;
  Setting<std::string> name;
  Setting<std::string> image;
  Setting<std::string> buildkit_image;
  Setting<int> port;
  std::optional<Persistence> persistence;
};

struct Image {
  Setting<std::string> name;  // not used: DevSpace overwrites it with the key of the image
  Setting<std::string> image;
  std::vector<Setting<std::string>> tags;
};

// Variable is an entry of the section `vars`. `value` and `default_value` are nullopt if they are
// missing, and for numbers and booleans, whose source text json::Positions has at `value_path` and
// `default_path`.
struct Variable {
  std::optional<std::string> value;
  std::string value_path;  // "vars.NAME", "vars.NAME.value" or "vars[0].value"
  std::optional<std::string> default_value;
  std::string default_path;
  std::string source;  // "env", "input", "none", "all"; empty: "all"
  bool has_command = false;
  // If true, messages must not show the value. It is true unless the field `password` is missing or
  // false; a value that is not a boolean counts as true.
  bool is_password = false;
};

// Variables is the section `vars`. Its entries are NAME: VALUE or NAME: {value: …}; older versions
// of DevSpace have a list of {name: NAME, value: …}.
struct Variables {
  std::map<std::string, Variable> by_name;
};

struct File {
  std::optional<std::string> version;
  Setting<std::string> name;
  Variables vars;
  std::optional<LocalRegistry> local_registry;
  std::map<std::string, Image> images;
};

}  // namespace cli::devspace

template <class T>
struct json::Leaf<cli::devspace::Setting<T>> {
  using Setting = cli::devspace::Setting<T>;

  static constexpr std::string_view kExpected =
      std::is_same_v<T, int> ? "an integer" : Leaf<T>::kExpected;
  static bool read(View view, Setting& out) {
    if (view.kind() == Kind::kString && cli::devspace::is_expression(view.string())) {
      out.expression = view.string();
      return true;
    }
    if constexpr (std::is_same_v<T, std::string>) {
      out.is_written = view.kind() == Kind::kBool || view.kind() == Kind::kInteger ||
                       view.kind() == Kind::kNumber;
      if (out.is_written) return true;
    }
    if constexpr (std::is_same_v<T, int>) {  // a string may be "0x1388"
      out.is_written = view.kind() == Kind::kInteger || view.kind() == Kind::kNumber ||
                       view.kind() == Kind::kString;
      return out.is_written;
    }
    if constexpr (std::is_same_v<T, bool>) {
      if (view.kind() == Kind::kString) {
        out.value = cli::devspace::boolean_word(view.string());
        return out.value.has_value();
      }
    }
    return Leaf<T>::read(view, out.value.emplace());
  }
  static void write(Writer& writer, const Setting& value) {
    if (value.value) {
      Leaf<T>::write(writer, *value.value);
    } else {
      writer.string(value.expression);
    }
  }
  static bool absent(const Setting& value) { return !value.given(); }
  static bool same(const Setting& a, const Setting& b) {
    return a.value == b.value && a.expression == b.expression;
  }
};

template <>
struct json::Leaf<cli::devspace::Variables> {
  using Variables = cli::devspace::Variables;

  static constexpr std::string_view kExpected = "an object";
  static bool read(View view, Variables& out);
};

template <>
struct json::Fields<cli::devspace::Persistence> {
  using T = cli::devspace::Persistence;
  static constexpr auto kTable =
      std::make_tuple(json::field("enabled", &T::enabled), json::field("size", &T::size),
                      json::field("storageClassName", &T::storage_class_name));
};

template <>
struct json::Fields<cli::devspace::LocalRegistry> {
  using T = cli::devspace::LocalRegistry;
  static constexpr auto kTable = std::make_tuple(
      json::field("enabled", &T::enabled), json::field("localbuild", &T::localbuild),
      json::field("namespace", &T::namespace_name), json::field("name", &T::name),
      json::field("image", &T::image), json::field("buildKitImage", &T::buildkit_image),
      json::field("port", &T::port), json::field("persistence", &T::persistence));
};

template <>
struct json::Fields<cli::devspace::Image> {
  using T = cli::devspace::Image;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("image", &T::image),
                      json::field("tags", &T::tags));
};

template <>
struct json::Fields<cli::devspace::File> {
  using T = cli::devspace::File;
  static constexpr auto kTable = std::make_tuple(
      json::field("version", &T::version), json::field("name", &T::name),
      json::field("vars", &T::vars), json::field("localRegistry", &T::local_registry),
      json::field("images", &T::images));
};
